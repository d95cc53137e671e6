// The vault's ports: only what the closed union names gets in, and nobody can keep the others from being answered.
import 'fake-indexeddb/auto';
import { safeError } from '@nunet/shared/errors.ts';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { FromVault } from './messages.ts';
import { forgetSecrets, messageId, readRequest } from './read-request.ts';
import { PASSWORD, quickKdf, sampleVault, secret, WORDS, type SampleVault } from './sample-vault.ts';

let vaults: SampleVault[] = [];
afterEach(() => {
  for (const vault of vaults) vault.stop();
  vaults = [];
});
const started = (): SampleVault => {
  const vault = sampleVault();
  vaults.push(vault);
  return vault;
};

const read = (request: unknown): unknown => readRequest({ id: 1, request });
const cbor = '84a0a0f5f6';
const grant = { jobId: `b${'a'.repeat(58)}`, keyId: '0'.repeat(32), budgetBaseUnits: 5n, computeProvider: `addr_test1${'q'.repeat(50)}` };
const proposal = {
  origin: 'https://app.example',
  frame: 'tab 1',
  account: 0,
  network: 'preprod',
  what: { kind: 'transactions', transactions: [{ cbor, roles: ['payment'] }] },
};

describe('a request', () => {
  test('of every kind is read as it was written', () => {
    const requests = [
      { type: 'create', password: secret(PASSWORD), words: null },
      { type: 'approve', approvalId: 'a'.repeat(32), password: null },
      { type: 'propose', proposal: { ...proposal, isLarge: true } },
      { type: 'propose', proposal: { ...proposal, isLarge: false, origin: null, what: { kind: 'lock', cbor, grant } } },
      {
        type: 'propose',
        proposal: { ...proposal, isLarge: false, what: { kind: 'data', role: 'drep', address: '00'.repeat(28), payload: '' } },
      },
      { type: 'job-sign', jobId: grant.jobId, bytes: new Uint8Array(90) },
      { type: 'rename-account', index: 99, name: 'Ahorros de María' },
    ];
    for (const request of requests) expect(read(request)).toEqual(request);
  });

  const wrong: Record<string, unknown> = {
    'of no kind': { type: 'sign', hash: '00' },
    'named after a property of every object': { type: 'constructor' },
    'named after the prototype': { type: '__proto__' },
    'with a field too many': { type: 'lock', now: true },
    'with a field missing': { type: 'unlock' },
    'with a password as text': { type: 'unlock', password: PASSWORD },
    'with a password of a megabyte': { type: 'unlock', password: new Uint8Array(1 << 20) },
    'with words of a megabyte': { type: 'create', password: secret(PASSWORD), words: new Uint8Array(1 << 20) },
    'with a backup of 100 MB': { type: 'import', password: secret(PASSWORD), file: new Uint8Array(100 << 20) },
    'with another sort of bytes': { type: 'unlock', password: new Uint16Array(9) },
    'with an array for an object': ['lock'],
    'that is nothing': null,
    'with an account that cannot be': { type: 'select-account', index: 100 },
    'with an account between two': { type: 'select-account', index: 0.5 },
    'with a network that is none': { type: 'network', network: 'mainnet' },
    'with an origin that is no web page': { type: 'propose', proposal: { ...proposal, origin: 'file:///etc' } },
    'with a frame that hides something': { type: 'propose', proposal: { ...proposal, frame: 'tab\u202e' } },
    'with twenty-one transactions': {
      type: 'propose',
      proposal: {
        ...proposal,
        what: { kind: 'transactions', transactions: Array.from({ length: 21 }, () => ({ cbor, roles: ['payment'] })) },
      },
    },
    'with no transaction': { type: 'propose', proposal: { ...proposal, what: { kind: 'transactions', transactions: [] } } },
    'with a transaction larger than the ledger takes': {
      type: 'propose',
      proposal: { ...proposal, what: { kind: 'transactions', transactions: [{ cbor: '00'.repeat(16_385), roles: ['payment'] }] } },
    },
    'with half a byte': {
      type: 'propose',
      proposal: { ...proposal, what: { kind: 'transactions', transactions: [{ cbor: '84a', roles: ['payment'] }] } },
    },
    'with a key that is none': {
      type: 'propose',
      proposal: { ...proposal, what: { kind: 'transactions', transactions: [{ cbor, roles: ['root'] }] } },
    },
    'with a negative budget': {
      type: 'propose',
      proposal: { ...proposal, what: { kind: 'lock', cbor, grant: { ...grant, budgetBaseUnits: -1n } } },
    },
    'with a budget that is a number': {
      type: 'propose',
      proposal: { ...proposal, what: { kind: 'lock', cbor, grant: { ...grant, budgetBaseUnits: 5 } } },
    },
    'with a payload of 8 KiB': {
      type: 'propose',
      proposal: { ...proposal, what: { kind: 'data', role: 'stake', address: '00', payload: '00'.repeat(8_192) } },
    },
    'with a statement of 1 kB': { type: 'job-sign', jobId: grant.jobId, bytes: new Uint8Array(1_024) },
    'to wipe, without saying so': { type: 'wipe', confirm: true },
  };
  for (const [what, request] of Object.entries(wrong))
    test(`cannot be read ${what}`, () =>
      expect(() => read(request)).toThrow(expect.objectContaining({ code: 'request-invalid' }) as Error));

  test('cannot be anything at all: whatever comes, a closed error is all that it gets', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withTypedArray: true, withNullPrototype: true }), (anything) => {
        for (const data of [anything, { id: 1, request: anything }]) {
          try {
            readRequest(data);
          } catch (error) {
            expect(safeError(error).code).toBe('request-invalid');
          }
          forgetSecrets(data);
          messageId(data);
        }
      }),
      { numRuns: 2_000, seed: 5 },
    );
  });

  test('cannot put what was in it into its error', () => {
    const hidden = 'hunter2-hunter2';
    for (const request of [
      { type: hidden },
      { type: 'unlock', password: hidden },
      { type: 'unlock', [hidden]: 1, password: secret(hidden) },
      { type: 'rename-account', index: 0, name: `${hidden}\u202e` },
    ]) {
      try {
        read(request);
        throw new Error('it was read');
      } catch (error) {
        expect(safeError(error).message).toContain('Cannot read the request');
        expect(safeError(error).message).not.toContain(hidden);
      }
    }
  });
});

describe('a port', () => {
  /** What comes back for these messages, once as many answers as wanted are there. */
  const answers = (port: MessagePort, messages: unknown[], count: number): Promise<FromVault[]> =>
    new Promise((resolve) => {
      const heard: FromVault[] = [];
      port.onmessage = ({ data }: MessageEvent<FromVault>) => {
        if (data.type === 'reply' || data.type === 'failed') heard.push(data);
        if (heard.length === count) resolve(heard);
      };
      for (const message of messages) port.postMessage(message);
    });

  test('is told the state as soon as it is known', async () => {
    const port = started().port();
    const first = await new Promise<FromVault>((resolve) => {
      port.onmessage = ({ data }: MessageEvent<FromVault>) => resolve(data);
    });
    expect(first).toMatchObject({ type: 'state', state: { state: 'empty' } });
  });

  test('cannot pile up work: of what it asks while an answer takes long, more than 32 are refused at once', async () => {
    let finish = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const vault = sampleVault({
      kdf: async (...args) => {
        await gate;
        return quickKdf(...args);
      },
    });
    vaults.push(vault);
    const create = (id: number) => ({ id, request: { type: 'create', password: secret(PASSWORD), words: secret(WORDS) } });
    const port = vault.port();
    const refused = await answers(
      port,
      Array.from({ length: 40 }, (_, id) => create(id)),
      8,
    );
    expect(refused.map((message) => message.type === 'failed' && message.code)).toEqual(Array(8).fill('too-many-requests'));
    const client = vault.client();
    const meanwhile = client.ask({ type: 'state' });
    finish();
    await expect(meanwhile).resolves.toMatchObject({ state: 'open' });
  });

  test('cannot push the others out by their number: of more than 64 the oldest go', async () => {
    const vault = started();
    const ports = Array.from({ length: 70 }, () => vault.port());
    const last = ports.at(-1);
    if (last === undefined) throw new Error('no port');
    expect((await answers(last, [{ id: 1, request: { type: 'state' } }], 1))[0]).toMatchObject({ type: 'reply' });
  });

  test('without an id, or with nonsense, is not answered and harms nothing', async () => {
    const vault = started();
    const port = vault.port();
    const [answer] = await answers(
      port,
      [undefined, 7, 'x', {}, { id: -1, request: { type: 'state' } }, { id: 'a' }, { id: 5, request: { type: 'state' } }],
      1,
    );
    expect(answer).toMatchObject({ type: 'reply', id: 5 });
  });
});
