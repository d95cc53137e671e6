// What outputs hold in all.
import { expect, test } from 'vitest';
import { balanceOf } from './holdings.ts';

test('the balance counts this asset and all ADA', () => {
  const asset = { policyId: '11'.repeat(28), assetName: '6e7478' };
  const utxo = (lovelace: bigint, assets: { policyId: string; assetName: string; quantity: bigint }[]) => ({
    reference: { txId: '00'.repeat(32), index: 0 },
    address: '',
    lovelace,
    assets,
  });
  const utxos = [
    utxo(5n, [{ ...asset, quantity: 7n }]),
    utxo(6n, [{ ...asset, assetName: '00', quantity: 9n }]),
    utxo(1n, [{ ...asset, quantity: 1n }]),
  ];
  expect(balanceOf(utxos, asset)).toEqual({ lovelace: 12n, baseUnits: 8n });
});
