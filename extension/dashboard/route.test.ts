import { describe, expect, test } from 'vitest';
import { readRoute, routeHash, type Route } from './route.ts';

const jobId = 'bafyrwigq3y2w5nmb2zl4uwyl5hbpjv2bnh7nnd7vzvg6k2z6o3w7qk3a';

describe('routes', () => {
  test('every view is read back from its own hash', () => {
    const routes: Route[] = [
      { view: 'overview' },
      { view: 'jobs' },
      { view: 'job', jobId },
      { view: 'deploy', template: null },
      { view: 'deploy', template: 'digits' },
      { view: 'nodes' },
      { view: 'escrow' },
      { view: 'activity' },
      { view: 'machines' },
      { view: 'machine', peerId: '12D3KooWQYV9dGMFoRzNStwpXztXaBUjtPqi6aU76ZgUriHhKust' },
      { view: 'wallet', place: [] },
      { view: 'wallet', place: ['send'] },
      { view: 'settings', place: ['accounts'] },
      { view: 'connect', devnetUrl: '' },
      { view: 'connect', devnetUrl: 'http://127.0.0.1:4000' },
    ];
    for (const route of routes) expect(readRoute(routeHash(route))).toEqual(route);
  });

  test('takes the address as somebody types it, and the name that the form had before', () => {
    expect(readRoute('#/connect?devnet=http://127.0.0.1:4000')).toEqual({ view: 'connect', devnetUrl: 'http://127.0.0.1:4000' });
    expect(readRoute('#/new/file')).toEqual({ view: 'deploy', template: 'file' });
  });

  test('cannot be led anywhere but to a view of ours', () => {
    for (const hash of ['', '#', '#/nothing', `#/${'x'.repeat(100_000)}`, `#/wallet${'/x'.repeat(50)}`])
      expect(readRoute(hash)).toEqual({ view: 'overview' });
    for (const hash of ['#/jobs/../../x', '#/jobs/<script>', `#/jobs/${jobId}/x`]) expect(readRoute(hash).view).not.toBe('job');
    for (const hash of ['#/machines/x', '#/machines/12D3KooW<script>']) expect(readRoute(hash).view).toBe('machines');
  });
});
