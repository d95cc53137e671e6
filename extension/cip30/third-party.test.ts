// Mesh's BrowserWallet, which knows CIP-30 and nothing of us, on the whole way from a page to the runner.
import { publicKeyHash } from '@nunet/contracts/key-hash.ts';
import 'fake-indexeddb/auto';
import { BrowserWallet, MeshTxBuilder } from '@meshsdk/core';
import * as csl from '@emurgo/cardano-serialization-lib-nodejs';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { addressOfAccount, sampleAccount, sampleUtxo, sampleWallet, type SampleWallet } from './sample-wallet.ts';

const own = sampleAccount(0);
const NTX = { policyId: 'ab'.repeat(28), assetName: '4e5458', quantity: 5_000n };

let sample: SampleWallet;
beforeEach(async () => {
  sample = await sampleWallet();
  sample.state.utxos = [sampleUtxo({ lovelace: 20_000_000n }), sampleUtxo({ lovelace: 4_000_000n, assets: [NTX] })];
  vi.stubGlobal('window', sample.page('https://app.example').scope);
});
afterEach(() => {
  vi.unstubAllGlobals();
  sample.stop();
});

async function connect(...extensions: number[]): Promise<BrowserWallet> {
  const enabling = BrowserWallet.enable(
    'nunet',
    extensions.map((cip) => ({ cip })),
  );
  await sample.approve(await sample.asked());
  return enabling;
}
async function allowed<Answer>(asking: Promise<Answer>): Promise<Answer> {
  await sample.approve(await sample.asked());
  return asking;
}
const pay = async (wallet: BrowserWallet): Promise<string> =>
  new MeshTxBuilder({})
    .txOut(addressOfAccount(sampleAccount(2)), [{ unit: 'lovelace', quantity: '2000000' }])
    .changeAddress(await wallet.getChangeAddress())
    .selectUtxosFrom(await wallet.getUtxos())
    .complete();

test('it lists the wallet among those that are installed', () => {
  expect(BrowserWallet.getInstalledWallets()).toEqual([
    { id: 'nunet', name: 'NuNet', version: '1', icon: expect.stringContaining('data:image/png') as string },
  ]);
});

test('it reads addresses, outputs, balance and collateral', async () => {
  sample.state.collateral = sampleUtxo({ lovelace: 5_000_000n });
  const wallet = await connect();
  expect(await wallet.getChangeAddress()).toBe(addressOfAccount(own));
  expect(await wallet.getUsedAddresses()).toEqual([addressOfAccount(own)]);
  expect(await wallet.getUnusedAddresses()).toEqual([]);
  expect((await wallet.getRewardAddresses())[0]).toMatch(/^stake_test1/);
  expect(await wallet.getNetworkId()).toBe(0);
  expect(await wallet.getBalance()).toEqual([
    { unit: 'lovelace', quantity: '24000000' },
    { unit: NTX.policyId + NTX.assetName, quantity: '5000' },
  ]);
  expect((await wallet.getUtxos()).map(({ output }) => output.amount.length)).toEqual([1, 2]);
  expect((await wallet.getCollateral()).map(({ output }) => output.amount)).toEqual([[{ unit: 'lovelace', quantity: '5000000' }]]);
});

test('it builds, has signed, puts together and sends a transaction that verifies', async () => {
  const wallet = await connect();
  const unsigned = await pay(wallet);
  const signed = await allowed(wallet.signTx(unsigned));
  const transaction = csl.FixedTransaction.from_hex(signed);
  const key = transaction.witness_set().vkeys()?.get(0);
  expect(key?.vkey().public_key().to_hex()).toBe(own.payment);
  expect(key?.vkey().public_key().verify(transaction.transaction_hash().to_bytes(), key.signature())).toBe(true);
  expect(await wallet.submitTx(signed)).toBe(transaction.transaction_hash().to_hex());
  expect(sample.state.submitted).toEqual([signed]);
});

test('it has several signed at once (CIP-103)', async () => {
  const wallet = await connect(103);
  const unsigned = await pay(wallet);
  const signed = await allowed(wallet.signTxs([unsigned, unsigned]));
  expect(signed).toHaveLength(2);
  for (const one of signed)
    expect(
      csl.FixedTransaction.from_hex(one ?? '')
        .witness_set()
        .vkeys()
        ?.len(),
    ).toBe(1);
});

test('it finds the DRep and the stake keys (CIP-95)', async () => {
  const wallet = await connect(95);
  expect(await wallet.getExtensions()).toEqual([95]);
  expect((await wallet.getDRep())?.publicKeyHash).toBe(publicKeyHash(own.drep));
  expect((await wallet.getUnregisteredPubStakeKeys())?.pubStakeKeys).toEqual([own.stake]);
});

test('a refusal comes through it with its code', async () => {
  const enabling = BrowserWallet.enable('nunet');
  await sample.refuse(await sample.asked());
  await expect(enabling).rejects.toThrow('"code":-3');
});
