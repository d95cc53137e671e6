// Tokens as they first come in: who asked for them, and what their minting transaction says.
import { base64 } from '@scure/base';
import { cborMap, cborText, readCbor } from '@nunet/contracts/chain/cbor.ts';
import type { Utxo } from '@nunet/contracts/chain/chain.ts';
import type { Transaction, TransactionOutput } from '@nunet/contracts/chain/transaction.ts';
import { newPerson, publicKeyOf } from '@nunet/contracts/thefts/cast.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { beforeEach, expect, test } from 'vitest';
import type { RunnerDatabase } from '../runner/database.ts';
import { emptyDatabase } from '../runner/sample-database.ts';
import { openFirstSights } from './first-sights.ts';

const own = newPerson();
const stranger = newPerson();
const policyId = 'ab'.repeat(28);
const PNG = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 9);
const unit = (name: string): string => policyId + name;

let database: RunnerDatabase;
let transactions: Map<string, Partial<Transaction>>;
let reads: number;
let isDown: boolean;

beforeEach(async () => {
  ({ database } = await emptyDatabase());
  [transactions, reads, isDown] = [new Map(), 0, false];
});
const open = () =>
  openFirstSights({
    chain: {
      rawTransaction: async (txId) => {
        reads += 1;
        if (isDown) throw new NunetError('chain-unavailable', 'no answer');
        return (transactions.get(txId) ?? null) as Transaction | null;
      },
    },
    database,
    key: 'k',
    paymentHash: own.keyHash,
    onChange: () => undefined,
    signal: new AbortController().signal,
  });
/** An output of a transaction that this key signed. */
function came(txId: string, name: string, lovelace: bigint, by: { secret: string }, more: Partial<Transaction> = {}): Utxo {
  const id = txId.repeat(32);
  transactions.set(id, { signers: [publicKeyOf(by.secret)], mint: [], metadata: [], isValid: true, inputs: [], outputs: [], ...more });
  return { reference: { txId: id, index: 0 }, address: own.address, lovelace, assets: [{ policyId, assetName: name, quantity: 1n }] };
}

test('what the account signed for, or what came with more than dust, was asked for; the rest was not', async () => {
  const sights = await open();
  await sights.look([came('01', '01', 1_200_000n, own), came('02', '02', 5_000_000n, stranger), came('03', '03', 1_200_000n, stranger)]);
  expect([...sights.sights].map(([name, { wasAsked }]) => [name.slice(-2), wasAsked])).toEqual([
    ['01', true],
    ['02', true],
    ['03', false],
  ]);
});

test('the first sight stays, through own change and a restart', async () => {
  const first = await open();
  await first.look([came('03', '03', 1_200_000n, stranger)]);
  const again = await open();
  await again.look([came('04', '03', 9_000_000n, own)]);
  expect(again.sights.get(unit('03'))?.wasAsked).toBe(false);
  expect(reads).toBe(1);
});

test('a wallet that was brought back by its words follows its own change back to where a token came from', async () => {
  const dust = came('07', '07', 1_200_000n, stranger);
  transactions.set(dust.reference.txId, { ...transactions.get(dust.reference.txId), outputs: [dust as TransactionOutput] });
  const change = came('08', '07', 9_000_000n, own, { inputs: [dust.reference] });
  transactions.set(change.reference.txId, { ...transactions.get(change.reference.txId), outputs: [change as TransactionOutput] });
  const later = came('09', '07', 9_000_000n, own, { inputs: [change.reference] });
  const bought = came('0a', '0a', 1_200_000n, own, { inputs: [dust.reference] });
  const sights = await open();
  await sights.look([later, bought]);
  expect(sights.sights.get(unit('07'))?.wasAsked).toBe(false);
  expect(sights.sights.get(unit('0a'))?.wasAsked).toBe(true);
});

test('name, decimals and image of the minting transaction are kept', async () => {
  const text = `data:image/png;base64,${base64.encode(PNG)}`;
  const fields = cborMap([
    [cborText('name'), cborText('Art')],
    [cborText('image'), cborText(text)],
  ]);
  const metadata = readCbor(cborMap([[cborText(policyId), cborMap([[cborText('05'), fields]])]]));
  const minted = came('05', '05', 1_200_000n, stranger, {
    mint: [{ policyId, assetName: '05', quantity: 1n }],
    metadata: [[721n, metadata]],
  });
  await (await open()).look([minted]);
  const sights = await open();
  expect(sights.sights.get(unit('05'))).toMatchObject({ name: 'Art', image: 'here' });
  expect(await sights.image(unit('05'))).toEqual({ type: 'image/png', bytes: PNG });
  expect(await sights.image(unit('99'))).toBeNull();
});

test('a source that fails leaves a token unknown, and the next look asks again', async () => {
  const sights = await open();
  const utxo = came('06', '06', 1_200_000n, stranger);
  isDown = true;
  await expect(sights.look([utxo])).rejects.toMatchObject({ code: 'chain-unavailable' });
  expect(sights.sights.size).toBe(0);
  isDown = false;
  expect(await sights.look([utxo])).toBe(true);
  expect(sights.sights.size).toBe(1);
});

test('many are read a few at a time', async () => {
  const sights = await open();
  const many = Array.from({ length: 50 }, (_, index) => {
    const name = index.toString(16).padStart(2, '0');
    return came(name, name, 1_200_000n, stranger);
  });
  expect(await sights.look(many)).toBe(false);
  expect(reads).toBe(20);
  expect(await sights.look(many)).toBe(false);
  expect(await sights.look(many)).toBe(true);
  expect(reads).toBe(50);
});
