import { describe, expect, test } from 'vitest';
import { readRoute, routeHash, type Route } from './route.ts';

const jobId = 'bafyrwigq3y2w5nmb2zl4uwyl5hbpjv2bnh7nnd7vzvg6k2z6o3w7qk3a';

describe('routes', () => {
  test('every view is read back from its own hash', () => {
    const routes: Route[] = [
      { view: 'jobs' },
      { view: 'connect', devnetUrl: '' },
      { view: 'connect', devnetUrl: 'http://127.0.0.1:4000' },
      { view: 'new', template: null },
      { view: 'new', template: 'digits' },
      { view: 'job', jobId },
    ];
    for (const route of routes) expect(readRoute(routeHash(route))).toEqual(route);
  });

  test('takes the address as somebody types it', () => {
    expect(readRoute('#/connect?devnet=http://127.0.0.1:4000')).toEqual({ view: 'connect', devnetUrl: 'http://127.0.0.1:4000' });
  });

  test('cannot be led anywhere but to a view of ours', () => {
    for (const hash of ['', '#', '#/nothing', '#/jobs/../../x', '#/jobs/<script>', `#/jobs/${jobId}/x`, `#/${'x'.repeat(100_000)}`])
      expect(readRoute(hash)).toEqual({ view: 'jobs' });
  });
});
