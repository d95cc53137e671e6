// CIP-30 clause by clause, from `window.cardano` to the runner and back.
import { publicKeyHash } from '@nunet/contracts/key-hash.ts';
import 'fake-indexeddb/auto';
import { addressBytes } from '@nunet/contracts/chain/address.ts';
import { cborInt, readCbor } from '@nunet/contracts/chain/cbor.ts';
import { readOutput } from '@nunet/contracts/chain/transaction.ts';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import * as csl from '@emurgo/cardano-serialization-lib-nodejs';
import { NunetError } from '@nunet/shared/errors.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeValue } from './cbor-values.ts';
import { certificate, keyCredential, sampleTransaction } from './sample-transaction.ts';
import {
  addressOfAccount,
  sampleAccount,
  sampleUtxo,
  sampleWallet,
  witnessOf,
  type Cip30Wallet,
  type SamplePage,
  type SampleWallet,
} from './sample-wallet.ts';
import { addWallet } from './stub.ts';

const SITE = 'https://app.example';
const own = sampleAccount(0);
const stranger = sampleAccount(2);
const baseHex = bytesToHex(addressBytes(addressOfAccount(own)));
const rewardHex = `e0${publicKeyHash(own.stake)}`;
const utf8 = (text: string): string => bytesToHex(new TextEncoder().encode(text));

let sample: SampleWallet;
let page: SamplePage;
beforeEach(async () => {
  sample = await sampleWallet();
  page = sample.page(SITE);
});
afterEach(() => sample.stop());

type Api = Awaited<ReturnType<Cip30Wallet['enable']>>;
async function connect(extensions: number[] = [], from: SamplePage = page): Promise<Api> {
  const enabling = from.wallet.enable(extensions.length === 0 ? undefined : { extensions: extensions.map((cip) => ({ cip })) });
  await sample.approve(await sample.asked());
  return enabling;
}
const call = (api: Api, method: string, ...args: unknown[]): Promise<unknown> =>
  api[method]?.(...args) ?? Promise.reject(new Error(method));
/** Asks, and the person says yes. */
async function allowed(asking: Promise<unknown>): Promise<unknown> {
  await sample.approve(await sample.asked());
  return asking;
}

describe('Initial API', () => {
  test('a shared `cardano` object is injected if it did not exist, and the wallet has a field of its own in it', () => {
    expect(Object.keys(page.scope.cardano ?? {})).toEqual(['nunet']);
  });
  test('a `cardano` object that exists is kept with what is in it', () => {
    const cardano = { other: { name: 'other' } };
    const scope = Object.assign(new EventTarget(), { cardano, postMessage: () => undefined });
    addWallet(scope);
    expect(scope.cardano).toBe(cardano);
    expect(Object.keys(cardano)).toEqual(['other', 'nunet']);
  });
  test('the wallet is frozen, the namespace is not', () => {
    const cardano = page.scope.cardano ?? {};
    expect(Object.isFrozen(page.wallet)).toBe(true);
    expect(Object.isFrozen(cardano)).toBe(false);
    cardano['another'] = {};
    expect(() => Object.assign(cardano, { nunet: 'mine' })).toThrow(TypeError);
  });
  test('apiVersion is "1", name is a name, icon is a data URI of a PNG', () => {
    expect(page.wallet.apiVersion).toBe('1');
    expect(page.wallet.name).toBe('NuNet');
    expect(page.wallet.icon).toMatch(/^data:image\/png;base64,iVBORw0KGgo/);
  });
  test('supportedExtensions lists what can be asked for', () => {
    expect(page.wallet.supportedExtensions).toEqual([{ cip: 95 }, { cip: 103 }, { cip: 142 }]);
  });
});

describe('enable and isEnabled', () => {
  test('the person is asked before anything is read, and then the full API is there', async () => {
    const enabling = page.wallet.enable();
    const asked = await sample.asked();
    expect(asked).toMatchObject({ origin: SITE, account: 0, network: 'preprod', what: { kind: 'connect', extensions: [] } });
    await sample.settle();
    expect(sample.windows).toEqual([asked.dappId]);
    await sample.approve(asked);
    const api = await enabling;
    for (const method of [
      'getExtensions',
      'getNetworkId',
      'getUtxos',
      'getCollateral',
      'getBalance',
      'getUsedAddresses',
      'getUnusedAddresses',
      'getChangeAddress',
      'getRewardAddresses',
      'signTx',
      'signData',
      'submitTx',
    ])
      expect(typeof api[method]).toBe('function');
  });
  test('a connected site is not asked about a second time, in this document or another', async () => {
    await connect();
    await page.wallet.enable();
    await sample.page(SITE).wallet.enable();
    expect(sample.windows).toHaveLength(1);
  });
  test('isEnabled is true exactly when enable would ask nobody', async () => {
    expect(await page.wallet.isEnabled()).toBe(false);
    await connect();
    expect(await page.wallet.isEnabled()).toBe(true);
    expect(await sample.page('https://other.example').wallet.isEnabled()).toBe(false);
  });
  test('a refusal is APIError Refused', async () => {
    const enabling = page.wallet.enable();
    await sample.refuse(await sample.asked());
    await expect(enabling).rejects.toEqual({ code: -3, info: expect.any(String) as string });
  });
  test('unknown extensions do not fail it; getExtensions tells what was enabled', async () => {
    const api = await connect([95, 9_999, 142]);
    expect(await call(api, 'getExtensions')).toEqual([{ cip: 95 }, { cip: 142 }]);
    expect(Object.keys(api)).toEqual(expect.arrayContaining(['cip95', 'cip142']));
    expect(api.cip103).toBeUndefined();
  });
  test('an extension that reveals more is asked for again', async () => {
    await connect();
    const enabling = page.wallet.enable({ extensions: [{ cip: 95 }] });
    const asked = await sample.asked();
    expect(asked.what).toEqual({ kind: 'connect', extensions: [95] });
    await sample.approve(asked);
    expect(await call(await enabling, 'getExtensions')).toEqual([{ cip: 95 }]);
  });
  test('a grant ends by itself after its days', async () => {
    await connect();
    await sample.pass(30 * 86_400_000 + 1);
    expect(await page.wallet.isEnabled()).toBe(false);
  });
  test('arguments that are no extensions are APIError InvalidRequest', async () => {
    await expect(page.wallet.enable({ extensions: 'all' })).rejects.toMatchObject({ code: -1 });
  });
});

describe('reading', () => {
  test('getNetworkId is 0 on a test network', async () => {
    expect(await call(await connect(), 'getNetworkId')).toBe(0);
  });
  test('getChangeAddress is the base address in hex', async () => {
    expect(await call(await connect(), 'getChangeAddress')).toBe(baseHex);
    expect(baseHex.slice(0, 2)).toBe('00');
  });
  test('getRewardAddresses is the stake address in hex', async () => {
    expect(await call(await connect(), 'getRewardAddresses')).toEqual([rewardHex]);
  });
  test('an address that a transaction touched is used, one that none touched is unused', async () => {
    const api = await connect();
    expect([await call(api, 'getUsedAddresses'), await call(api, 'getUnusedAddresses')]).toEqual([[baseHex], []]);
    sample.changeGround({ account: 1 });
    sample.state.utxos = [];
    const other = await connect();
    const fresh = bytesToHex(addressBytes(addressOfAccount(sampleAccount(1))));
    expect([await call(other, 'getUsedAddresses'), await call(other, 'getUnusedAddresses')]).toEqual([[], [fresh]]);
  });
  test('getUtxos gives all outputs as CBOR of [input, output], as another library reads them', async () => {
    const token = { policyId: 'aa'.repeat(28), assetName: '4e5458', quantity: 42n };
    const datum = bytesToHex(cborInt(5));
    sample.state.utxos = [sampleUtxo({ assets: [token] }), sampleUtxo({ inlineDatum: datum }), sampleUtxo({ datumHash: 'bb'.repeat(32) })];
    const utxos = (await call(await connect(), 'getUtxos')) as string[];
    const read = utxos.map((hex) => csl.TransactionUnspentOutput.from_hex(hex));
    expect(read.map((utxo) => utxo.input().transaction_id().to_hex())).toEqual(sample.state.utxos.map(({ reference }) => reference.txId));
    expect(read[0]?.output().address().to_hex()).toBe(baseHex);
    expect(read[0]?.output().amount().coin().to_str()).toBe('10000000');
    const asset = read[0]?.output().amount().multiasset();
    expect(asset?.get_asset(csl.ScriptHash.from_hex(token.policyId), csl.AssetName.new(hexToBytes(token.assetName))).to_str()).toBe('42');
    expect(read[1]?.output().plutus_data()?.to_hex()).toBe(datum);
    expect(read[2]?.output().data_hash()?.to_hex()).toBe('bb'.repeat(32));
  });
  test('getUtxos leaves the collateral out', async () => {
    sample.state.collateral = sampleUtxo({ lovelace: 5_000_000n });
    const utxos = (await call(await connect(), 'getUtxos')) as string[];
    expect(utxos).toHaveLength(2);
    expect(utxos.join()).not.toContain(sample.state.collateral.reference.txId);
  });
  test('getUtxos with an amount gives what reaches it, and null where nothing does', async () => {
    const api = await connect();
    const of = (lovelace: bigint): string => bytesToHex(encodeValue({ lovelace, tokens: new Map() }));
    expect(await call(api, 'getUtxos', of(9_000_000n))).toHaveLength(1);
    expect(await call(api, 'getUtxos', of(12_000_000n))).toHaveLength(2);
    expect(await call(api, 'getUtxos', of(14_000_000n))).toBeNull();
    await expect(call(api, 'getUtxos', 'ff')).rejects.toMatchObject({ code: -1 });
  });
  test('getUtxos by pages: 0-indexed, in order; a page out of bounds is PaginateError', async () => {
    sample.state.utxos = Array.from({ length: 5 }, () => sampleUtxo());
    const api = await connect();
    const all = (await call(api, 'getUtxos')) as string[];
    const pages = await Promise.all([0, 1, 2].map((at) => call(api, 'getUtxos', undefined, { page: at, limit: 2 })));
    expect(pages.flat()).toEqual(all);
    await expect(call(api, 'getUtxos', undefined, { page: 3, limit: 2 })).rejects.toEqual({ maxSize: 3 });
  });
  test('getBalance is the sum of getUtxos', async () => {
    const token = { policyId: 'cc'.repeat(28), assetName: '', quantity: 7n };
    sample.state.utxos = [sampleUtxo({ assets: [token] }), sampleUtxo({ assets: [token], lovelace: 2_000_000n })];
    const balance = csl.Value.from_hex((await call(await connect(), 'getBalance')) as string);
    expect(balance.coin().to_str()).toBe('12000000');
    expect(balance.multiasset()?.get_asset(csl.ScriptHash.from_hex(token.policyId), csl.AssetName.new(new Uint8Array())).to_str()).toBe(
      '14',
    );
  });
  test('getBalance of pure ADA is a plain coin', async () => {
    expect(await call(await connect(), 'getBalance')).toBe(bytesToHex(cborInt(13_000_000)));
  });
});

describe('getCollateral', () => {
  const read = (hexes: unknown): bigint[] =>
    (hexes as string[]).map((hex) => {
      const source = hexToBytes(hex);
      const item = readCbor(source);
      const output = item.kind === 'array' ? item.items[1] : undefined;
      if (output === undefined) throw new Error('no output');
      return readOutput(output, source, { txId: '', index: 0 }).lovelace;
    });

  test('gives the least pure ADA that reaches the amount', async () => {
    const token = { policyId: 'aa'.repeat(28), assetName: '', quantity: 1n };
    sample.state.utxos = [9_000_000n, 3_000_000n, 6_000_000n].map((lovelace) => sampleUtxo({ lovelace }));
    sample.state.utxos.push(sampleUtxo({ lovelace: 2_500_000n, assets: [token] }));
    expect(read(await call(await connect(), 'getCollateral', { amount: '2000000' }))).toEqual([3_000_000n]);
  });
  test('prefers what is set apart', async () => {
    sample.state.collateral = sampleUtxo({ lovelace: 5_000_000n });
    expect(read(await call(await connect(), 'getCollateral', { amount: 2_000_000 }))).toEqual([5_000_000n]);
  });
  test('takes the amount as a number, as decimal text, and as CBOR of a coin', async () => {
    const api = await connect();
    for (const amount of [2_000_000, '2000000', bytesToHex(cborInt(2_000_000))])
      expect(read(await call(api, 'getCollateral', { amount }))).toEqual([3_000_000n]);
  });
  test('joins outputs where none alone reaches it, three at most', async () => {
    sample.state.utxos = [1_600_000n, 1_700_000n, 1_800_000n, 2_000_000n].map((lovelace) => sampleUtxo({ lovelace }));
    const api = await connect();
    expect(read(await call(api, 'getCollateral', { amount: '5000000' }))).toEqual([1_600_000n, 1_700_000n, 1_800_000n]);
    sample.state.utxos = Array.from({ length: 9 }, () => sampleUtxo({ lovelace: 1_000_000n }));
    await expect(call(api, 'getCollateral', { amount: '5000000' })).rejects.toMatchObject({ code: -2 });
  });
  test('never gives less than asked: it explains instead', async () => {
    sample.state.utxos = [];
    await expect(call(await connect(), 'getCollateral', { amount: '1000000' })).rejects.toEqual({
      code: -2,
      info: expect.stringContaining('collateral') as string,
    });
  });
  test('more than 5 ADA is APIError InvalidRequest', async () => {
    await expect(call(await connect(), 'getCollateral', { amount: '5000001' })).rejects.toMatchObject({ code: -1 });
  });
  test('does not put a large output at risk', async () => {
    sample.state.utxos = [sampleUtxo({ lovelace: 900_000_000n })];
    await expect(call(await connect(), 'getCollateral', { amount: '5000000' })).rejects.toMatchObject({ code: -2 });
  });
});

describe('signTx', () => {
  const spending = (...utxos: { reference: { txId: string; index: number } }[]): string =>
    sampleTransaction({
      inputs: utxos.map(({ reference }) => reference),
      to: { address: addressOfAccount(stranger), lovelace: 1_000_000n },
    });

  test('asks the person at every call, and shows exactly what was sent', async () => {
    const api = await connect();
    const cbor = spending(...(sample.state.utxos ?? []));
    for (let turn = 0; turn < 2; turn++) {
      const signing = call(api, 'signTx', cbor);
      const asked = await sample.asked();
      expect(asked.what).toEqual({ kind: 'transactions', transactions: [{ cbor, isPartial: false, roles: ['payment'] }] });
      await sample.approve(asked);
      await signing;
    }
    expect(sample.windows).toHaveLength(3);
  });
  test('gives only what was signed in this call', async () => {
    const api = await connect();
    const [utxo] = sample.state.utxos ?? [];
    const cbor = sampleTransaction({ inputs: utxo === undefined ? [] : [utxo.reference], signedBy: [stranger.payment] });
    const set = csl.TransactionWitnessSet.from_hex((await allowed(call(api, 'signTx', cbor))) as string);
    const { publicKey, signature } = witnessOf(0, 'payment', cbor);
    expect(set.vkeys()?.len()).toBe(1);
    expect(set.vkeys()?.get(0).vkey().public_key().to_hex()).toBe(publicKey);
    expect(set.vkeys()?.get(0).signature().to_hex()).toBe(signature);
  });
  test('a refusal is TxSignError UserDeclined', async () => {
    const signing = call(await connect(), 'signTx', spending(...(sample.state.utxos ?? [])));
    await sample.refuse(await sample.asked());
    await expect(signing).rejects.toEqual({ code: 2, info: expect.any(String) as string });
  });
  test('without partialSign a key that is not ours is TxSignError ProofGeneration, and nobody is asked', async () => {
    const api = await connect();
    const [utxo] = sample.state.utxos ?? [];
    const foreign = sampleUtxo({}, 2);
    sample.state.others = [foreign];
    const cbor = spending(...(utxo === undefined ? [] : [utxo]), foreign);
    await expect(call(api, 'signTx', cbor)).rejects.toMatchObject({ code: 1 });
    expect(sample.pending()).toEqual([]);
    expect(await allowed(call(api, 'signTx', cbor, true))).toMatch(/^a1/);
  });
  test('without partialSign an input that nobody knows is ProofGeneration too', async () => {
    const [utxo] = sample.state.utxos ?? [];
    const cbor = spending(...(utxo === undefined ? [] : [utxo]), sampleUtxo());
    await expect(call(await connect(), 'signTx', cbor)).rejects.toMatchObject({ code: 1 });
  });
  test('a transaction that asks no key of ours is ProofGeneration, partial or not', async () => {
    const api = await connect();
    sample.state.others = [sampleUtxo({}, 2)];
    for (const isPartial of [true, false])
      await expect(call(api, 'signTx', spending(...sample.state.others), isPartial)).rejects.toMatchObject({ code: 1 });
  });
  test('what others have signed already is not missing', async () => {
    const api = await connect();
    const [utxo] = sample.state.utxos ?? [];
    const foreign = sampleUtxo({}, 2);
    sample.state.others = [foreign];
    const inputs = [...(utxo === undefined ? [] : [utxo.reference]), foreign.reference];
    expect(await allowed(call(api, 'signTx', sampleTransaction({ inputs, signedBy: [stranger.payment] })))).toMatch(/^a1/);
  });
  test('required signers, withdrawals and certificates name the keys that sign', async () => {
    const api = await connect();
    const rolesOf = async (cbor: string): Promise<unknown> => {
      const signing = call(api, 'signTx', cbor);
      const asked = await sample.asked();
      await sample.approve(asked);
      await signing;
      return asked.what.kind === 'transactions' ? asked.what.transactions[0]?.roles : null;
    };
    expect(await rolesOf(sampleTransaction({ requiredSigners: [publicKeyHash(own.stake)] }))).toEqual(['stake']);
    expect(await rolesOf(sampleTransaction({ withdrawals: [rewardHex] }))).toEqual(['stake']);
    expect(await rolesOf(sampleTransaction({ certificates: [certificate(1, keyCredential(publicKeyHash(own.stake)))] }))).toEqual([
      'stake',
    ]);
  });
  test('hex that is no transaction is APIError InvalidRequest', async () => {
    const api = await connect();
    for (const cbor of ['', 'zz', 'a0', 12, null, spending() + '00'])
      await expect(call(api, 'signTx', cbor)).rejects.toMatchObject({ code: -1 });
  });
});

describe('signData', () => {
  test('signs for the base address with the payment key, for the reward address with the stake key, and shows the text', async () => {
    const api = await connect();
    for (const [address, role] of [
      [baseHex, 'payment'],
      [addressOfAccount(own), 'payment'],
      [rewardHex, 'stake'],
    ] as const) {
      const signing = call(api, 'signData', address, utf8('Sign in to app.example'));
      const asked = await sample.asked();
      expect(asked.what).toMatchObject({ kind: 'data', role, payload: utf8('Sign in to app.example'), text: 'Sign in to app.example' });
      await sample.approve(asked);
      expect(Object.keys((await signing) as object)).toEqual(['signature', 'key']);
    }
  });
  test('the signature is COSE_Sign1 with alg, the raw address and the payload; the key is a COSE_Key: another library says so', async () => {
    const { checkSignature } = await import('@meshsdk/core');
    const signed = (await allowed(call(await connect(), 'signData', baseHex, utf8('hello')))) as { signature: string; key: string };
    expect(await checkSignature('hello', signed, addressOfAccount(own))).toBe(true);
    expect(await checkSignature('hullo', signed, addressOfAccount(own))).toBe(false);
  });
  test('an address whose key is not ours is DataSignError ProofGeneration', async () => {
    await expect(call(await connect(), 'signData', addressOfAccount(stranger), '00')).rejects.toMatchObject({ code: 1 });
  });
  test('a script address is DataSignError AddressNotPK', async () => {
    await expect(call(await connect(), 'signData', `70${'ab'.repeat(28)}`, '00')).rejects.toMatchObject({ code: 2 });
  });
  test('a refusal is DataSignError UserDeclined', async () => {
    const signing = call(await connect(), 'signData', baseHex, '00');
    await sample.refuse(await sample.asked());
    await expect(signing).rejects.toMatchObject({ code: 3 });
  });
  test('an address of another network, a truncated one, and no address at all are APIError InvalidRequest', async () => {
    const api = await connect();
    for (const address of [`01${baseHex.slice(2)}`, baseHex.slice(0, -2), 'addr_test1qq', '', 7])
      await expect(call(api, 'signData', address, '00')).rejects.toMatchObject({ code: -1 });
  });
});

describe('submitTx', () => {
  const cbor = sampleTransaction({ requiredSigners: [publicKeyHash(own.payment)] });

  test('sends it and gives its id, without asking', async () => {
    const id = csl.FixedTransaction.from_hex(cbor).transaction_hash().to_hex();
    expect(await call(await connect(), 'submitTx', cbor)).toBe(id);
    expect(sample.state.submitted).toEqual([cbor]);
  });
  test('what the ledger refuses is TxSendError Failure with its reason', async () => {
    const api = await connect();
    sample.state.submitFails = new NunetError('chain-rejected', 'the ledger refused it: value not conserved');
    await expect(call(api, 'submitTx', cbor)).rejects.toEqual({ code: 2, info: expect.stringContaining('value not conserved') as string });
  });
  test('what is no transaction is APIError InvalidRequest', async () => {
    await expect(call(await connect(), 'submitTx', '8080')).rejects.toMatchObject({ code: -1 });
  });
});

describe('APIError', () => {
  test('AccountChange until enable is called again, when the account is another', async () => {
    const api = await connect();
    sample.changeGround({ account: 1 });
    await expect(call(api, 'getBalance')).rejects.toMatchObject({ code: -4 });
    sample.changeGround({ account: 0 });
    expect(await call(api, 'getNetworkId')).toBe(0);
  });
  test('Refused when the wallet was disconnected from the site', async () => {
    const api = await connect();
    await sample.server().answer({ type: 'revoke-dapp', origin: SITE, account: 0 });
    await expect(call(api, 'getBalance')).rejects.toMatchObject({ code: -3 });
  });
  test('Refused while there is no wallet, InternalError while there is no network', async () => {
    sample.changeGround({ account: null });
    await expect(page.wallet.enable()).rejects.toMatchObject({ code: -3 });
    sample.changeGround({ account: 0, network: null });
    await expect(page.wallet.enable()).rejects.toMatchObject({ code: -2 });
  });
  test('InvalidRequest for an argument too many', async () => {
    await expect(call(await connect(), 'getChangeAddress', 'main')).rejects.toMatchObject({ code: -1 });
  });
});
