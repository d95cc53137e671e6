// The client of the vault: one answer a question, secrets gone from the page, and another worker when the first has ended or says nothing.
import 'fake-indexeddb/auto';
import { afterEach, describe, expect, test } from 'vitest';
import { VaultClient } from './client.ts';
import type { FromVault, ToVault, VaultState } from './messages.ts';

const LOCKED: VaultState = {
  state: 'locked',
  problem: null,
  accounts: [],
  selected: 0,
  isBackedUp: true,
  autoLockMinutes: 10,
  locksAtMs: null,
  retryAtMs: null,
  jobs: [],
};

const opened: MessagePort[] = [];
const clients: VaultClient[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
  for (const port of opened.splice(0)) port.close();
});

/** A client whose vaults the test plays; its clock moves when the test says so. `mute`: how many ports say nothing, as of a worker that is ending. */
function scene({ openLater = false, mute = 0 }: { openLater?: boolean; mute?: number } = {}) {
  const vaults: MessagePort[] = [];
  const heard: ToVault[] = [];
  let nowMs = 0;
  let tick = (): void => undefined;
  let open = (): void => undefined;
  const later: (() => void)[] = [];
  const client = new VaultClient({
    open: () => {
      const { port1, port2 } = new MessageChannel();
      opened.push(port1, port2);
      port2.onmessage = ({ data }: MessageEvent<ToVault>) => void heard.push(data);
      vaults.push(port2);
      // A vault speaks first.
      if (vaults.length > mute) port2.postMessage({ type: 'state', state: LOCKED } satisfies FromVault);
      if (!openLater) return port1;
      return new Promise((resolve) => {
        open = () => resolve(port1);
      });
    },
    now: () => nowMs,
    every: (_, act) => {
      tick = act;
      return () => undefined;
    },
    after: (_, act) => void later.push(act),
  });
  clients.push(client);
  return {
    client,
    vaults,
    heard,
    open: () => open(),
    say: (message: FromVault, vault = vaults.length - 1) => vaults[vault]?.postMessage(message),
    pass: (ms: number) => {
      for (let at = 0; at < ms; at += 1_000) {
        nowMs += 1_000;
        tick();
      }
    },
    laterNow: () => {
      for (const act of later.splice(0)) act();
    },
    settled: () => new Promise((resolve) => setTimeout(resolve, 20)),
  };
}

describe('a client', () => {
  test('gives each question its own answer, in whatever order they come', async () => {
    const { client, heard, say, settled } = scene();
    await settled();
    const [one, two] = [client.ask({ type: 'job-key', keyId: '01'.repeat(16) }), client.ask({ type: 'owner-key', peerId: 'x' })];
    await settled();
    const [first, second] = heard.map(({ id }) => id);
    say({ type: 'reply', id: second ?? -1, value: { publicKey: 'two' }, closing: null });
    say({ type: 'failed', id: first ?? -1, code: 'vault-locked', message: 'no' });
    await expect(one).rejects.toMatchObject({ code: 'vault-locked', message: 'no' });
    await expect(two).resolves.toEqual({ publicKey: 'two' });
  });

  test('keeps what is asked before the port is there, and sends it then, bytes and all', async () => {
    const { client, heard, open, settled } = scene({ openLater: true });
    const password = new Uint8Array([1, 2, 3]);
    void client.ask({ type: 'unlock', password }).catch(() => undefined);
    expect([...password]).toEqual([0, 0, 0]);
    await settled();
    expect(heard).toEqual([]);
    open();
    await settled();
    expect(heard[0]?.request).toEqual({ type: 'unlock', password: new Uint8Array([1, 2, 3]) });
  });

  test('tells the known state at once, then each new one, until it is told to stop', async () => {
    const { client, say, settled } = scene();
    await settled();
    const seen: string[] = [];
    const stop = client.onState(({ state }) => seen.push(state));
    say({ type: 'state', state: { ...LOCKED, state: 'open' } });
    await settled();
    stop();
    say({ type: 'state', state: LOCKED });
    await settled();
    expect(seen).toEqual(['locked', 'open']);
    expect(client.state?.state).toBe('locked');
  });
});

describe('when the vault ends', () => {
  test('what it had not begun is asked of the next one, except with bytes that went with it', async () => {
    const { client, vaults, heard, say, laterNow, settled } = scene();
    await settled();
    const plain = client.ask({ type: 'touch' });
    const withBytes = client.ask({ type: 'unlock', password: new Uint8Array(9) });
    await settled();
    say({ type: 'closing', state: LOCKED });
    await expect(withBytes).rejects.toMatchObject({ code: 'vault-closing' });
    laterNow();
    await settled();
    expect(vaults).toHaveLength(2);
    const asked = heard.at(-1);
    expect(asked?.request).toEqual({ type: 'touch' });
    say({ type: 'reply', id: asked?.id ?? -1, value: null, closing: null });
    await expect(plain).resolves.toBeNull();
  });

  test('its last answer counts, and whoever asks after it asks the next one', async () => {
    const { client, vaults, heard, say, laterNow, settled } = scene();
    await settled();
    const locking = client.ask({ type: 'lock' });
    await settled();
    say({ type: 'reply', id: heard[0]?.id ?? -1, value: null, closing: { ...LOCKED, autoLockMinutes: 7 } });
    await expect(locking).resolves.toBeNull();
    // Known at once, although the next worker has not spoken yet.
    expect(client.state).toEqual({ ...LOCKED, autoLockMinutes: 7 });
    const next = client.ask({ type: 'touch' });
    laterNow();
    await settled();
    expect(vaults).toHaveLength(2);
    say({ type: 'reply', id: heard.at(-1)?.id ?? -1, value: null, closing: null });
    await expect(next).resolves.toBeNull();
  });

  test('a late word of the old one changes nothing', async () => {
    const { client, say, laterNow, settled } = scene();
    say({ type: 'closing', state: LOCKED });
    await settled();
    laterNow();
    await settled();
    say({ type: 'state', state: { ...LOCKED, state: 'open' } }, 0);
    await settled();
    expect(client.state?.state).toBe('locked');
  });
});

describe('when the vault is silent', () => {
  test('it is asked after five seconds, and started again when it does not answer for twenty', async () => {
    const { client, vaults, heard, pass, settled } = scene();
    await settled();
    pass(4_000);
    await settled();
    expect(heard).toEqual([]);
    pass(1_000);
    await settled();
    expect(heard.map(({ request }) => request.type)).toEqual(['state']);
    const asked = client.ask({ type: 'job-key', keyId: '01'.repeat(16) });
    asked.catch(() => undefined);
    pass(19_000);
    expect(vaults).toHaveLength(1);
    pass(1_000);
    await expect(asked).rejects.toMatchObject({ code: 'vault-silent' });
    expect(vaults).toHaveLength(2);
  });

  test('a heavy derivation is waited for', async () => {
    const { client, vaults, heard, pass, say, settled } = scene();
    await settled();
    const unlocking = client.ask({ type: 'unlock', password: new Uint8Array(9) });
    await settled();
    pass(15_000);
    say({ type: 'reply', id: heard[0]?.id ?? -1, value: null, closing: null });
    await expect(unlocking).resolves.toBeNull();
    expect(vaults).toHaveLength(1);
  });
});

describe('a port to a worker that is just ending', () => {
  test('is mute for ever: nothing is sent on it, and another is opened after a second', async () => {
    const { client, vaults, heard, say, pass, settled } = scene({ mute: 2 });
    const asked = client.ask({ type: 'unlock', password: new Uint8Array([7, 8, 9]) });
    await settled();
    pass(1_000);
    await settled();
    expect(vaults).toHaveLength(2);
    expect(heard).toEqual([]);
    pass(1_000);
    await settled();
    expect(vaults).toHaveLength(3);
    // Not lost, not even what can be sent once.
    expect(heard.map(({ request }) => request)).toEqual([{ type: 'unlock', password: new Uint8Array([7, 8, 9]) }]);
    say({ type: 'reply', id: heard[0]?.id ?? -1, value: null, closing: null });
    await expect(asked).resolves.toBeNull();
  });

  test('may end by a word of it', async () => {
    const { client, vaults, heard, say, laterNow, settled } = scene({ mute: 1 });
    const asked = client.ask({ type: 'unlock', password: new Uint8Array([7]) });
    asked.catch(() => undefined);
    await settled();
    say({ type: 'closing', state: LOCKED });
    await settled();
    expect(heard).toEqual([]);
    laterNow();
    await settled();
    expect(vaults).toHaveLength(2);
    expect(heard).toHaveLength(1);
  });

  test('cannot keep a question, or a password, for ever: after thirty seconds it is given up', async () => {
    const { client, heard, pass, settled } = scene({ mute: 99 });
    const asked = client.ask({ type: 'unlock', password: new Uint8Array([7]) });
    asked.catch(() => undefined);
    await settled();
    pass(30_000);
    await expect(asked).rejects.toMatchObject({ code: 'vault-silent' });
    expect(heard).toEqual([]);
  });
});
