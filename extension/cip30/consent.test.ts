// What counts as a person's yes, and what never does: the invariants of approval that audits of other wallets asked for.
import { publicKeyHash } from '@nunet/contracts/key-hash.ts';
import 'fake-indexeddb/auto';
import { NunetError } from '@nunet/shared/errors.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { APPROVAL_MS } from './approvals.ts';
import { sampleTransaction } from './sample-transaction.ts';
import {
  addressOfAccount,
  sampleAccount,
  sampleWallet,
  signedData,
  witnessOf,
  type Cip30Wallet,
  type SamplePage,
  type SampleWallet,
} from './sample-wallet.ts';

const SITE = 'https://app.example';
const own = sampleAccount(0);
const cbor = sampleTransaction({ requiredSigners: [publicKeyHash(own.payment)] });

let sample: SampleWallet;
let page: SamplePage;
beforeEach(async () => {
  sample = await sampleWallet();
  page = sample.page(SITE);
});
afterEach(() => sample.stop());

type Api = Awaited<ReturnType<Cip30Wallet['enable']>>;
async function connect(from: SamplePage = page): Promise<Api> {
  const enabling = from.wallet.enable();
  await sample.approve(await sample.asked());
  return enabling;
}
const sign = (api: Api, transaction = cbor): Promise<unknown> => api['signTx']?.(transaction) ?? Promise.reject(new Error('no signTx'));
const resolve = (dappId: string, witnesses: ReturnType<typeof witnessOf>[][]): Promise<null> =>
  sample.server().answer({ type: 'resolve-dapp', dappId, answer: { kind: 'transactions', witnesses } });
const codeOf = (asking: Promise<unknown>): Promise<unknown> =>
  asking.then(
    () => 'went through',
    (error: unknown) => (error instanceof NunetError ? error.code : (error as { code: number }).code),
  );

describe('consent', () => {
  test('cannot outlive a switch of the account: what was asked ends, and a late yes finds nothing', async () => {
    const signing = sign(await connect());
    const { dappId } = await sample.asked();
    sample.changeGround({ account: 1 });
    await expect(signing).rejects.toMatchObject({ code: -4 });
    expect(await codeOf(resolve(dappId, [[witnessOf(0, 'payment', cbor)]]))).toBe('dapp-gone');
  });
  test('cannot outlive a switch of the network', async () => {
    const signing = sign(await connect());
    const { dappId } = await sample.asked();
    sample.changeGround({ network: 'preview' });
    await expect(signing).rejects.toMatchObject({ code: -4 });
    expect(await codeOf(resolve(dappId, [[witnessOf(0, 'payment', cbor)]]))).toBe('dapp-gone');
  });
  test('cannot be carried from one account to another of the same site', async () => {
    await connect();
    sample.changeGround({ account: 1 });
    expect(await page.wallet.isEnabled()).toBe(false);
  });
  test('cannot be carried over to another wallet that has an account of the same number', async () => {
    await connect();
    const grants = sample.server().view().grants;
    expect(grants).toHaveLength(1);
    // The same number, other keys: account 1 here plays account 0 of another wallet.
    const { openGrants } = await import('./grants.ts');
    const { openDatabase } = await import('../runner/database.ts');
    const database = await openDatabase('another-wallet');
    const kept = await openGrants(database, () => sample.state.now);
    await kept.give({ origin: SITE, account: 0, network: 'preprod', payment: own.payment }, [], 30);
    expect(kept.find({ origin: SITE, account: 0, network: 'preprod', payment: sampleAccount(1).payment })).toBeNull();
    database.close();
  });
  test('cannot be given to what was not asked: a connect stays one question, with what is selected when the person says yes', async () => {
    const enabling = page.wallet.enable();
    const shown = await sample.asked();
    sample.changeGround({ account: 1 });
    expect(await codeOf(sample.approve(shown))).toBe('dapp-ground-changed');
    const [now] = sample.pending();
    expect(now).toMatchObject({ dappId: shown.dappId, account: 1 });
    if (now !== undefined) await sample.approve(now);
    expect(await (await enabling)['getChangeAddress']?.()).toContain(publicKeyHash(sampleAccount(1).payment));
  });
  test('cannot be given without the id of the question, nor with that of another', async () => {
    const signing = sign(await connect());
    const { dappId } = await sample.asked();
    const other = sample.page('https://other.example');
    const enabling = other.wallet.enable();
    const theirs = await sample.asked();
    expect(await codeOf(resolve('00'.repeat(16), [[witnessOf(0, 'payment', cbor)]]))).toBe('dapp-gone');
    expect(await codeOf(resolve(theirs.dappId, [[witnessOf(0, 'payment', cbor)]]))).toBe('dapp-answer-invalid');
    await resolve(dappId, [[witnessOf(0, 'payment', cbor)]]);
    await sample.refuse(theirs);
    expect(await signing).toMatch(/^a100/);
    await expect(enabling).rejects.toMatchObject({ code: -3 });
  });
  test('cannot be used twice', async () => {
    const signing = sign(await connect());
    const asked = await sample.asked();
    await sample.approve(asked);
    await signing;
    expect(await codeOf(sample.approve(asked))).toBe('dapp-gone');
  });
  test('cannot come from an unlock: a wallet that is opened while a page waits has said nothing', async () => {
    const signing = sign(await connect());
    await sample.asked();
    // An unlock changes neither account nor network; the runner hears of the same ground again.
    sample.server().groundChanged();
    let isAnswered = false;
    void signing.finally(() => (isAnswered = true)).catch(() => undefined);
    await sample.settle();
    expect(isAnswered).toBe(false);
    expect(sample.pending()).toHaveLength(1);
  });
  test('cannot be had by waiting: after five minutes the page is told no', async () => {
    const signing = codeOf(sign(await connect()));
    await sample.asked();
    await sample.pass(APPROVAL_MS + 1);
    expect(await signing).toBe(2);
    expect(sample.pending()).toEqual([]);
  });
  test('cannot be had by closing the window: that is a no', async () => {
    const signing = sign(await connect());
    const { dappId } = await sample.asked();
    const window = new AbortController();
    await sample.server().answer({ type: 'show-dapp', dappId }, window.signal);
    window.abort();
    await expect(signing).rejects.toMatchObject({ code: 2 });
  });
  test('cannot survive the site being disconnected', async () => {
    const signing = sign(await connect());
    const { dappId } = await sample.asked();
    await sample.server().answer({ type: 'revoke-dapp', origin: SITE, account: 0 });
    await expect(signing).rejects.toMatchObject({ code: -3 });
    expect(await codeOf(resolve(dappId, [[witnessOf(0, 'payment', cbor)]]))).toBe('dapp-gone');
  });
  test('cannot be given for a page that has gone', async () => {
    await connect();
    const api = await page.wallet.enable();
    const signing = sign(api);
    const { dappId } = await sample.asked();
    page.close();
    await sample.settle();
    await sample.pass(60_000);
    expect(sample.pending()).toEqual([]);
    expect(await codeOf(resolve(dappId, [[witnessOf(0, 'payment', cbor)]]))).toBe('dapp-gone');
    void signing.catch(() => undefined);
  });
});

describe('what comes back from the approve page', () => {
  test('cannot be a signature of another transaction, another key, one too few or one too many', async () => {
    const signing = sign(await connect());
    const { dappId } = await sample.asked();
    const other = sampleTransaction({ requiredSigners: [publicKeyHash(own.payment)], withdrawals: [`e0${publicKeyHash(own.stake)}`] });
    const good = witnessOf(0, 'payment', cbor);
    for (const witnesses of [
      [[witnessOf(0, 'payment', other)]],
      [[witnessOf(1, 'payment', cbor)]],
      [[witnessOf(0, 'stake', cbor)]],
      [[good, witnessOf(0, 'stake', cbor)]],
      [[]],
      [],
      [[good], [good]],
      [[{ ...good, signature: '00'.repeat(64) }]],
    ])
      expect(await codeOf(resolve(dappId, witnesses))).toBe('dapp-answer-invalid');
    await resolve(dappId, [[good]]);
    expect(await signing).toContain(good.signature);
  });
  test('cannot be a data signature of another payload, address or key', async () => {
    const api = await connect();
    const signing = api['signData']?.(addressOfAccount(own), '0102');
    const { dappId, what } = await sample.asked();
    if (what.kind !== 'data') throw new Error('want data');
    const answer = (signed: { signature: string; key: string }): Promise<null> =>
      sample.server().answer({ type: 'resolve-dapp', dappId, answer: { kind: 'data', ...signed } });
    const good = signedData(0, 'payment', what.address, '0102');
    for (const signed of [
      signedData(0, 'payment', what.address, '0103'),
      signedData(0, 'payment', `e0${publicKeyHash(own.stake)}`, '0102'),
      signedData(0, 'stake', what.address, '0102'),
      { ...good, key: signedData(0, 'stake', what.address, '0102').key },
      { ...good, signature: good.signature.slice(0, -2) + (good.signature.endsWith('00') ? '01' : '00') },
      { ...good, signature: '80' },
    ])
      expect(await codeOf(answer(signed))).toBe('dapp-answer-invalid');
    await answer(good);
    expect(await signing).toEqual(good);
  });
});

describe('prompts', () => {
  test('a flood of enable() is one prompt, answered once; the rest is refused with a rate limit', async () => {
    const asking = Array.from({ length: 200 }, () => codeOf(page.wallet.enable()));
    const asked = await sample.asked();
    await sample.settle();
    expect(sample.pending()).toHaveLength(1);
    await sample.settle();
    expect(sample.windows).toHaveLength(1);
    await sample.approve(asked);
    const answers = await Promise.all(asking);
    expect(answers.filter((answer) => answer === 'went through').length).toBeLessThanOrEqual(8);
    expect(new Set(answers)).toEqual(new Set(['went through', -3]));
  });
  test('a flood from many tabs of one site is one prompt too', async () => {
    const asking = Array.from({ length: 30 }, (_, at) => codeOf(sample.page(SITE, { tab: { id: at } }).wallet.enable()));
    const asked = await sample.asked();
    await sample.settle();
    expect(sample.pending()).toHaveLength(1);
    await sample.refuse(asked);
    expect(new Set(await Promise.all(asking))).toEqual(new Set([-3]));
  });
  test('cannot be raised again at once after a no: each no makes the pause longer', async () => {
    await sample.refuse(await (async () => (void codeOf(page.wallet.enable()), sample.asked()))());
    expect(await codeOf(page.wallet.enable())).toBe(-3);
    expect(sample.pending()).toEqual([]);
    await sample.pass(3_000);
    await sample.refuse(await (async () => (void codeOf(page.wallet.enable()), sample.asked()))());
    await sample.pass(3_000);
    expect(await codeOf(page.wallet.enable())).toBe(-3);
    await sample.pass(15_000);
    void codeOf(page.wallet.enable());
    expect((await sample.asked()).origin).toBe(SITE);
  });
  test('cannot pile up: while one request of a site waits, another is refused', async () => {
    const api = await connect();
    const first = sign(api);
    const asked = await sample.asked();
    expect(await codeOf(sign(api))).toBe(-3);
    await sample.approve(asked);
    expect(await first).toMatch(/^a1/);
  });
  test('cannot be raised for a payload in a nunet/ domain, in whatever it is wrapped', async () => {
    const api = await connect();
    for (const payload of ['nunet/settle/1', ' \nNuNet/claim/1', 'please sign: nunet/voucher/1', '\u0000nunet/close/1\u0000']) {
      const hex = Buffer.from(payload, 'utf8').toString('hex');
      expect(await codeOf(api['signData']?.(addressOfAccount(own), hex) ?? Promise.resolve())).toBe(-1);
    }
    expect(sample.pending()).toEqual([]);
  });
});

describe('a background script that is ended', () => {
  test('in mid-request: one prompt, one answer, and the page notices nothing', async () => {
    const api = await connect();
    const signing = sign(api);
    const asked = await sample.asked();
    for (let turn = 0; turn < 12; turn++) {
      sample.killRouter();
      await sample.settle();
    }
    expect(sample.pending()).toHaveLength(1);
    await sample.approve(asked);
    expect(await signing).toMatch(/^a1/);
    expect(new Set(sample.windows).size).toBe(2);
  });
  test('just before the answer: the answer comes by the next one', async () => {
    const signing = sign(await connect());
    const asked = await sample.asked();
    sample.killRouter();
    await sample.approve(asked);
    expect(await signing).toMatch(/^a1/);
  });
  test('cannot make a transaction be sent twice', async () => {
    const api = await connect();
    const sending = api['submitTx']?.(cbor);
    await sample.settle();
    sample.killRouter();
    await sending;
    expect(sample.state.submitted).toHaveLength(1);
  });
});

describe('a runner that is ended', () => {
  test('keeps grants, drops what was asked: the page is told to connect again, which asks nobody', async () => {
    const api = await connect();
    const signing = codeOf(sign(api));
    const { dappId } = await sample.asked();
    await sample.restart();
    sample.killRouter();
    expect(await signing).toBe(-4);
    expect(sample.pending()).toEqual([]);
    expect(await codeOf(resolve(dappId, [[witnessOf(0, 'payment', cbor)]]))).toBe('dapp-gone');
    expect(await (await page.wallet.enable())['getNetworkId']?.()).toBe(0);
    expect(sample.pending()).toEqual([]);
  });
});
