// A page that means harm: whatever it says, nothing breaks, nothing blocks, and it learns nothing.
import 'fake-indexeddb/auto';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCall } from './calls.ts';
import { Faulty } from './faults.ts';
import { sampleAccount, sampleUtxo, sampleWallet, type Cip30Wallet, type SamplePage, type SampleWallet } from './sample-wallet.ts';
import { MAX_OPEN_CALLS, MAX_TEXT, PAGE_HELLO } from './wire.ts';

let sample: SampleWallet;
let page: SamplePage;
beforeEach(async () => {
  sample = await sampleWallet();
  page = sample.page('https://evil.example');
});
afterEach(() => sample.stop());

type Api = Awaited<ReturnType<Cip30Wallet['enable']>>;
async function connect(): Promise<Api> {
  const enabling = page.wallet.enable();
  await sample.approve(await sample.asked());
  return enabling;
}
const outcome = (asking: Promise<unknown> | undefined): Promise<unknown> =>
  (asking ?? Promise.reject(new Error('no such method'))).then(
    () => 'went through',
    (error: unknown) => (error as { code: unknown }).code,
  );
/** The port that a page can make for itself, past the stub. */
function ownPort(): { port: MessagePort; answers: unknown[]; close: () => void } {
  const { port1, port2 } = new MessageChannel();
  const answers: unknown[] = [];
  port1.onmessage = ({ data }: MessageEvent) => answers.push(data);
  (page.scope as unknown as { postMessage(...args: unknown[]): void }).postMessage(PAGE_HELLO, '*', [port2]);
  return { port: port1, answers, close: () => port1.close() };
}

describe('arguments', () => {
  const circular: Record<string, unknown> = {};
  circular['self'] = circular;
  test.each([
    ['circular', circular],
    ['a BigInt', 5n],
    [
      'a getter that throws',
      {
        get extensions() {
          throw new Error('boo');
        },
      },
    ],
    [
      'a proxy that throws at everything',
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('boo');
          },
          get: () => {
            throw new Error('boo');
          },
        },
      ),
    ],
    ['toJSON that lies', { toJSON: () => 'extensions' }],
    ['a function', () => undefined],
    ['fifty megabytes', { extensions: 'x'.repeat(50_000_000) }],
    ['a hundred thousand extensions', { extensions: Array.from({ length: 100_000 }, () => ({ cip: 95 })) }],
    ['deep nesting', JSON.parse('['.repeat(100_000) + ']'.repeat(100_000))],
  ])('%s cannot break or block the wallet: the page is told -1, or its call is as if it had none', async (_what, argument) => {
    void page.wallet.enable(argument).catch(() => undefined);
    const answer = await Promise.race([outcome(page.wallet.enable(argument)), sample.settle().then(() => 'a prompt')]);
    // A function is no JSON: it is left out, and enable() without arguments is an honest question.
    expect([-1, 'a prompt']).toContain(answer);
    expect(await page.wallet.isEnabled()).toBe(false);
  });

  test('cannot crash the reader: any JSON is a call or InvalidRequest', () => {
    const methods = [
      'enable',
      'getUtxos',
      'signTx',
      'signData',
      'signTxs',
      'cip103.submitTxs',
      'getCollateral',
      '__proto__',
      'constructor',
    ];
    fc.assert(
      fc.property(fc.constantFrom(...methods), fc.array(fc.jsonValue(), { maxLength: 3 }), (method, args) => {
        try {
          readCall(JSON.stringify([method, ...args]));
        } catch (error) {
          expect(error).toBeInstanceOf(Faulty);
          expect((error as Faulty).fault).toMatchObject({ code: -1 });
        }
      }),
      { numRuns: 500 },
    );
    for (const text of ['', 'null', '{}', '[]', '[1]', '["nothing"]', '[["enable"]]', '[', 'x'.repeat(1_000)])
      expect(() => readCall(text)).toThrow(Faulty);
  });
});

describe('its own port to the bridge', () => {
  test('cannot carry what is no call', async () => {
    const { port, answers, close } = ownPort();
    await sample.settle();
    for (const message of [
      null,
      'x',
      {},
      [],
      [1],
      [1, 2],
      ['1', '[]'],
      [1.5, '[]'],
      [-1, '[]'],
      [1, '[]', 3],
      [2, 'x'.repeat(MAX_TEXT + 1)],
    ])
      port.postMessage(message);
    await sample.settle();
    expect(page.connections()).toBe(0);
    for (const answer of answers) expect(answer).toEqual([expect.anything(), false, expect.stringContaining('-1') as string]);
    close();
  });
  test('cannot use a method before the person has connected the page', async () => {
    const { port, answers, close } = ownPort();
    await sample.settle();
    const methods = [
      'getBalance',
      'getUtxos',
      'getUsedAddresses',
      'getChangeAddress',
      'getRewardAddresses',
      'cip95.getPubDRepKey',
      'getExtensions',
      'getNetworkId',
    ];
    for (const [id, method] of methods.entries()) port.postMessage([id, JSON.stringify([method])]);
    await sample.settle();
    await sample.settle();
    expect(answers).toHaveLength(methods.length);
    for (const answer of answers) {
      expect(answer).toEqual([expect.any(Number), false, expect.stringContaining('"code":-3') as string]);
      expect(JSON.stringify(answer)).not.toContain(sampleAccount(0).payment);
    }
    close();
  });
  test('cannot have more calls open than a page needs', async () => {
    const { port, answers, close } = ownPort();
    await sample.settle();
    for (let id = 0; id < 500; id++) port.postMessage([id, '["enable"]']);
    await sample.settle();
    await sample.settle();
    const refused = answers.filter((answer) => JSON.stringify(answer).includes('-3'));
    expect(refused.length).toBeGreaterThanOrEqual(500 - MAX_OPEN_CALLS);
    expect(sample.pending()).toHaveLength(1);
    close();
  });
  test('cannot be given by a frame: the message has to come from the document itself', async () => {
    const { port1, port2 } = new MessageChannel();
    const event = Object.assign(new Event('message'), { data: PAGE_HELLO, ports: [port2], source: {}, origin: 'https://ad.example' });
    (page.scope as unknown as EventTarget).dispatchEvent(event);
    let isAnswered = false;
    port1.onmessage = () => (isAnswered = true);
    port1.postMessage([0, '["isEnabled"]']);
    await sample.settle();
    expect(isAnswered).toBe(false);
    port1.close();
    port2.close();
  });
});

describe('asking without end', () => {
  test('cannot go on: after a burst a page is refused, late, and allowed again when time has passed', async () => {
    const api = await connect();
    const answers: unknown[] = [];
    let isWaiting = false;
    for (let turn = 0; turn < 250 && !isWaiting; turn++) {
      const answer = outcome(api['getNetworkId']?.()).then((code) => answers.push(code));
      isWaiting = (await Promise.race([answer, sample.settle().then(() => 'nothing yet')])) === 'nothing yet';
    }
    expect(answers.every((answer) => answer === 'went through')).toBe(true);
    expect(isWaiting).toBe(true);
    await sample.pass(1_000);
    expect(answers.at(-1)).toBe(-3);
    await sample.pass(10_000);
    expect(await outcome(api['getNetworkId']?.())).toBe('went through');
  });
  test('cannot make an answer without bound: a wallet with too many outputs wants pages', async () => {
    const api = await connect();
    sample.state.utxos = Array.from({ length: 6_000 }, () => sampleUtxo());
    expect(await outcome(api['getUtxos']?.())).toBe(-2);
    expect(await api['getUtxos']?.(undefined, { page: 0, limit: 100 })).toHaveLength(100);
  });
});

describe('a document that may not use the wallet', () => {
  test('is told so, and cannot wake the background script again by asking on', async () => {
    const sandboxed = sample.page('https://evil.example', { origin: 'null' });
    for (let turn = 0; turn < 20; turn++) expect(await outcome(sandboxed.wallet.enable())).toBe(-3);
    expect(sandboxed.connections()).toBe(1);
    const framed = sample.page('https://evil.example', { frameId: 5 });
    expect(await outcome(framed.wallet.isEnabled())).toBe(-3);
    expect(sample.pending()).toEqual([]);
  });
});

describe('a wallet that is not used', () => {
  test('is inert: without a call there is no message, no port, no prompt', async () => {
    await sample.settle();
    expect(page.connections()).toBe(0);
    expect(sample.windows).toEqual([]);
  });
  test('cannot be told from a refused one by what it answers: nothing of the wallet is in an error', async () => {
    const enabling = page.wallet.enable().catch((error: unknown) => error);
    await sample.refuse(await sample.asked());
    expect(JSON.stringify(await enabling)).not.toMatch(/[0-9a-f]{16}|addr|Account/);
  });
});
