import { describe, expect, test } from 'vitest';
import { en } from '../locales/en.ts';
import type { AppState } from '../messages.ts';
import { connectionOf } from './connection.ts';

const words = en.shell.connection;
const NOW = 1_767_225_600_000;
const ready: AppState = {
  network: {
    state: 'ready',
    target: { network: 'devnet', url: 'http://127.0.0.1:4000' },
    record: { oracles: 3, k: 2, hubs: 1, expiresAt: NOW + 86_400_000 },
  },
  host: 'ready',
  vault: 'ready',
  frame: { state: 'ready', peerId: null, remounts: 0, connections: [] },
  chain: { tipTimeMs: NOW - 400, seenAtMs: NOW - 200, error: null },
  wallet: null,
  signings: [],
  dapps: { pending: [], grants: [] },
  machines: [],
  jobs: [],
};
const line = (app: AppState, part: string) => connectionOf(app, false, NOW, words).lines.find((one) => one.part === part);

describe('the connection', () => {
  test('is fine only when every part is', () => {
    expect(connectionOf(ready, false, NOW, words)).toMatchObject({ tone: 'ok', label: 'Devnet' });
    expect(connectionOf(ready, true, NOW, words).tone).toBe('wait');
    expect(connectionOf({ ...ready, host: 'missing' }, false, NOW, words).tone).toBe('wait');
    expect(connectionOf(null, false, NOW, words).tone).toBe('wait');
  });

  test('says since when the chain source fails, that nothing is lost, and what to do', () => {
    const failing = {
      ...ready,
      chain: { tipTimeMs: NOW - 12_500, seenAtMs: NOW - 12_000, error: { code: 'chain-unavailable', message: 'HTTP 503' } },
    };
    expect(connectionOf(failing, false, NOW, words)).toMatchObject({ tone: 'bad', label: 'Problem' });
    expect(line(failing, 'chain')?.says).toBe(
      'The chain source does not answer for 12 s (HTTP 503). Nothing is lost: locks stay where they are, and work goes on. Look whether the source runs.',
    );
  });

  test('an old tip is told, as deadlines stand still with it', () => {
    expect(line({ ...ready, chain: { tipTimeMs: NOW, seenAtMs: NOW - 61_000, error: null } }, 'chain')).toMatchObject({
      tone: 'wait',
      says: expect.stringContaining('1 min 01 s ago') as string,
    });
  });

  test('counts how often the network part was started again', () => {
    expect(line({ ...ready, frame: { ...ready.frame, remounts: 2 } }, 'peers')?.says).toContain('2 times');
  });

  test('without a network nothing is a problem yet', () => {
    const none: AppState = { ...ready, network: { state: 'none' }, frame: { ...ready.frame, state: 'gone' } };
    expect(line(none, 'peers')?.tone).toBe('off');
    expect(connectionOf({ ...none, host: 'missing' }, false, NOW, words)).toMatchObject({
      tone: 'off',
      label: 'Not connected',
    });
  });
});
