// CIP-95, CIP-103 and CIP-142 clause by clause, from `window.cardano` to the runner and back.
import { publicKeyHash } from '@nunet/contracts/key-hash.ts';
import 'fake-indexeddb/auto';
import * as csl from '@emurgo/cardano-serialization-lib-nodejs';
import { transactionId } from '@nunet/contracts/sign.ts';
import { bech32 } from '@scure/base';
import { hexToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { certificate, keyCredential, sampleTransaction } from './sample-transaction.ts';
import { addressOfAccount, sampleAccount, sampleUtxo, sampleWallet, type Cip30Wallet, type SampleWallet } from './sample-wallet.ts';

const own = sampleAccount(0);
const stranger = sampleAccount(2);
const drep = publicKeyHash(own.drep);
const text = '48656c6c6f';

let sample: SampleWallet;
beforeEach(async () => {
  sample = await sampleWallet();
});
afterEach(() => sample.stop());

type Api = Awaited<ReturnType<Cip30Wallet['enable']>>;
async function connect(...extensions: number[]): Promise<Api> {
  const enabling = sample.page('https://app.example').wallet.enable({ extensions: extensions.map((cip) => ({ cip })) });
  await sample.approve(await sample.asked());
  return enabling;
}
async function allowed<Answer>(asking: Promise<unknown> | undefined): Promise<Answer> {
  await sample.approve(await sample.asked());
  return (await asking) as Answer;
}

describe('CIP-95', () => {
  test('getPubDRepKey gives the 32 byte key of the account', async () => {
    const { cip95 } = await connect(95);
    expect(await cip95['getPubDRepKey']?.()).toBe(own.drep);
  });
  test('an argument to a method that takes none is APIError InvalidRequest', async () => {
    const { cip95 } = await connect(95);
    await expect(cip95['getPubDRepKey']?.(1)).rejects.toMatchObject({ code: -1 });
  });
  test('a stake key whose registration is not known is among the unregistered', async () => {
    const { cip95 } = await connect(95);
    expect(await cip95['getRegisteredPubStakeKeys']?.()).toEqual([]);
    expect(await cip95['getUnregisteredPubStakeKeys']?.()).toEqual([own.stake]);
  });
  test('its methods are there only where it was enabled', async () => {
    expect((await connect()).cip95).toBeUndefined();
  });
  test('AccountChange after the account is another', async () => {
    const { cip95 } = await connect(95);
    sample.changeGround({ account: 1 });
    await expect(cip95['getPubDRepKey']?.()).rejects.toMatchObject({ code: -4 });
  });
  test.each([
    ['registration of a stake key with a deposit', 7, own.stake, 'stake'],
    ['deregistration with a refund', 8, own.stake, 'stake'],
    ['vote delegation', 9, own.stake, 'stake'],
    ['stake and vote delegation', 10, own.stake, 'stake'],
    ['registration with delegation', 11, own.stake, 'stake'],
    ['registration with vote delegation', 12, own.stake, 'stake'],
    ['registration with both delegations', 13, own.stake, 'stake'],
    ['DRep registration', 16, own.drep, 'drep'],
    ['DRep retirement', 17, own.drep, 'drep'],
    ['DRep update', 18, own.drep, 'drep'],
  ] as const)('signTx recognises a %s and signs with its key', async (_name, kind, key, role) => {
    const api = await connect(95);
    const signing = api['signTx']?.(sampleTransaction({ certificates: [certificate(kind, keyCredential(publicKeyHash(key)))] }));
    const asked = await sample.asked();
    expect(asked.what).toMatchObject({ transactions: [{ roles: [role] }] });
    await sample.approve(asked);
    expect(
      csl.TransactionWitnessSet.from_hex((await signing) as string)
        .vkeys()
        ?.get(0)
        .vkey()
        .public_key()
        .to_hex(),
    ).toBe(key);
  });
  test('signTx signs a vote of the own DRep with the DRep key', async () => {
    const signing = (await connect(95))['signTx']?.(sampleTransaction({ voters: [[2, drep]] }));
    const asked = await sample.asked();
    expect(asked.what).toMatchObject({ transactions: [{ roles: ['drep'] }] });
    await sample.approve(asked);
    await signing;
  });
  test.each([5, 6])('signTx with the deprecated certificate %i is TxSignError DeprecatedCertificate, and nobody is asked', async (kind) => {
    const cbor = sampleTransaction({
      certificates: [certificate(kind, keyCredential(drep))],
      requiredSigners: [publicKeyHash(own.payment)],
    });
    const api = await connect(95);
    for (const isPartial of [true, false]) await expect(api['signTx']?.(cbor, isPartial)).rejects.toMatchObject({ code: 3 });
    expect(sample.pending()).toEqual([]);
  });
  test.each([
    ['committee hot key authorisation', 14, keyCredential(publicKeyHash(stranger.stake))],
    ['committee resignation', 15, keyCredential(publicKeyHash(stranger.stake))],
  ] as const)('a %s is recognised and not witnessed', async (_name, kind, credential) => {
    const cbor = sampleTransaction({ certificates: [certificate(kind, credential)], requiredSigners: [publicKeyHash(own.payment)] });
    await expect((await connect(95))['signTx']?.(cbor)).rejects.toMatchObject({ code: 1 });
  });
  test('signData takes the DRep id in every form, and a type 6 address of the DRep key', async () => {
    const { cip95 } = await connect(95);
    const bech = (bytes: string): string => bech32.encode('drep', bech32.toWords(hexToBytes(bytes)));
    for (const [id, address] of [
      [drep, drep],
      [bech(drep), drep],
      [bech(`22${drep}`), `22${drep}`],
      [`60${drep}`, `60${drep}`],
    ] as const) {
      const signing = cip95['signData']?.(id, text);
      const asked = await sample.asked();
      expect(asked.what).toMatchObject({ kind: 'data', role: 'drep', address });
      await sample.approve(asked);
      expect(await signing).toEqual({ signature: expect.any(String) as string, key: expect.stringContaining(own.drep) as string });
    }
  });
  test('signData of somebody else is DataSignError ProofGeneration, of a script DRep APIError InvalidRequest', async () => {
    const { cip95 } = await connect(95);
    await expect(cip95['signData']?.(publicKeyHash(stranger.drep), text)).rejects.toMatchObject({ code: 1 });
    const script = bech32.encode('drep', bech32.toWords(hexToBytes(`23${drep}`)));
    await expect(cip95['signData']?.(script, text)).rejects.toMatchObject({ code: -1 });
  });
  test('signData of CIP-30 itself takes no DRep id', async () => {
    await expect((await connect(95))['signData']?.(drep, text)).rejects.toMatchObject({ code: -1 });
  });
});

describe('CIP-103', () => {
  const transactions = (): { cbor: string; partialSign?: boolean }[] =>
    (sample.state.utxos ?? []).map(({ reference }) => ({ cbor: sampleTransaction({ inputs: [reference] }) }));

  test.each(['cip103.signTxs', 'experimental.signTxs', 'signTxs'])(
    'api.%s gives a witness set for each, in order, for one yes',
    async (name) => {
      const api = await connect(103);
      const asked = transactions();
      const method = name.split('.').reduce<unknown>((at, part) => (at as Record<string, unknown>)[part], api);
      const sets = await allowed<string[]>((method as (txs: unknown) => Promise<unknown>)(asked));
      expect(sets).toHaveLength(asked.length);
      for (const [at, set] of sets.entries()) {
        const key = csl.TransactionWitnessSet.from_hex(set).vkeys()?.get(0);
        const id = hexToBytes(transactionId(asked[at]?.cbor ?? ''));
        expect(key?.vkey().public_key().verify(id, key.signature())).toBe(true);
      }
    },
  );
  test('a later transaction may spend what an earlier one makes', async () => {
    const api = await connect(103);
    const [utxo] = sample.state.utxos ?? [];
    const first = sampleTransaction({
      inputs: utxo === undefined ? [] : [utxo.reference],
      to: { address: addressOfAccount(own), lovelace: 2_000_000n },
    });
    const second = sampleTransaction({ inputs: [{ txId: transactionId(first), index: 0 }] });
    expect(await allowed<string[]>(api.cip103['signTxs']?.([{ cbor: first }, { cbor: second }]))).toHaveLength(2);
  });
  test('an error names the transaction by its index, and no witness is given', async () => {
    const api = await connect(103);
    const bad = { cbor: sampleTransaction({ requiredSigners: [publicKeyHash(stranger.payment)] }) };
    await expect(api.cip103['signTxs']?.([...transactions(), bad])).rejects.toMatchObject({
      code: 1,
      info: expect.stringContaining('Transaction 2') as string,
    });
    expect(sample.pending()).toEqual([]);
  });
  test('partialSign is each one’s own', async () => {
    const api = await connect(103);
    const mixed = {
      cbor: sampleTransaction({ requiredSigners: [publicKeyHash(stranger.payment), publicKeyHash(own.payment)] }),
      partialSign: true,
    };
    expect(await allowed<string[]>(api.cip103['signTxs']?.([...transactions(), mixed]))).toHaveLength(3);
  });
  test('submitTxs sends in order and gives the ids', async () => {
    const api = await connect(103);
    const cbors = transactions().map(({ cbor }) => cbor);
    expect(await api.cip103['submitTxs']?.(cbors)).toEqual(cbors.map(transactionId));
    expect(sample.state.submitted).toEqual(cbors);
  });
  test('submitTxs tries all of them, and throws ids and TxSendErrors in their order', async () => {
    const api = await connect(103);
    const [one, two] = transactions().map(({ cbor }) => cbor);
    const bad = sampleTransaction({ inputs: [sampleUtxo().reference] });
    sample.state.submitFails = new NunetError('chain-rejected', 'the ledger refused it');
    await expect(api.cip103['submitTxs']?.([one, bad])).rejects.toHaveLength(2);
    sample.state.submitFails = null;
    await expect(api.cip103['submitTxs']?.([one, '8080', two])).rejects.toEqual([
      transactionId(one ?? ''),
      { code: 2, info: expect.any(String) as string },
      transactionId(two ?? ''),
    ]);
  });
  test('no transaction at all, and more than twenty, are APIError InvalidRequest', async () => {
    const api = await connect(103);
    const [one] = transactions();
    await expect(api.cip103['signTxs']?.([])).rejects.toMatchObject({ code: -1 });
    await expect(api.cip103['signTxs']?.(Array.from({ length: 21 }, () => one))).rejects.toMatchObject({ code: -1 });
  });
});

describe('CIP-142', () => {
  test('getNetworkMagic is the magic number of the genesis', async () => {
    expect(await (await connect(142)).cip142['getNetworkMagic']?.()).toBe(1);
  });
  test('it is there only where it was enabled', async () => {
    expect((await connect()).cip142).toBeUndefined();
  });
  test('AccountChange after the network is another', async () => {
    const { cip142 } = await connect(142);
    sample.changeGround({ network: 'preview' });
    await expect(cip142['getNetworkMagic']?.()).rejects.toMatchObject({ code: -4 });
  });
});
