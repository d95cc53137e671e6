// A payment as a person makes it: built by the runner, approved in the vault, sent; the words of CIP-19's vectors hold the money.
import 'fake-indexeddb/auto';
import { startRehearsal, type Rehearsal } from '@nunet/contracts/rehearsal.ts';
import { newPerson } from '@nunet/contracts/thefts/cast.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { emptyDatabase } from '../runner/sample-database.ts';
import { PASSWORD, sampleVault, secret, WORDS } from '../vault/sample-vault.ts';
import type { BuiltPayment } from './messages.ts';
import { sampleMoney } from './sample-money.ts';

const ADA = 1_000_000n;
let on: Rehearsal;

beforeAll(async () => {
  on = await startRehearsal();
}, 120_000);
afterAll(() => on.stop());

test('what the vault signs the ledger takes, with tokens and a message; what it signed for one payment sends no other', async () => {
  const vault = sampleVault();
  const client = vault.client();
  await client.ask({ type: 'create', password: secret(PASSWORD), words: secret(WORDS) });
  const { accounts } = await client.ask({ type: 'state' });
  const [account] = accounts;
  if (account === undefined) throw new Error('a new wallet has an account');
  const { desk, link, close } = sampleMoney(on, account, (await emptyDatabase()).database);
  await on.fund({ ...newPerson(), address: link.address }, 20n * ADA, 500n);
  await link.look();

  const friend = newPerson();
  const tokens = [{ ...on.devnet.asset, quantity: 200n }];
  const order = { type: 'build-payment' as const, to: friend.address, lovelace: 3n * ADA, tokens, isAll: false, memo: 'hola' };
  const { cbor } = (await desk.answer(order)) as BuiltPayment;
  const other = (await desk.answer({ ...order, lovelace: 4n * ADA })) as BuiltPayment;
  const what = { kind: 'transactions' as const, transactions: [{ cbor, roles: ['payment' as const] }] };
  const proposal = { origin: null, frame: 'page', account: account.index, network: 'devnet' as const, what };
  await client.ask({ type: 'network', network: 'devnet' });
  const { approvalId } = await client.ask({ type: 'propose', proposal });
  await vault.pass(601);
  const approved = await client.ask({ type: 'approve', approvalId, password: null });
  if (approved.kind !== 'transactions') throw new Error('transactions were proposed');
  const witnesses = approved.witnesses.flat();

  await expect(desk.answer({ type: 'submit', cbor: other.cbor, witnesses })).rejects.toMatchObject({ code: 'witness-wrong' });
  // Locking changes nothing for what is signed, nor for what needs no key.
  await client.ask({ type: 'lock' });
  const { txId } = (await desk.answer({ type: 'submit', cbor, witnesses })) as { txId: string };
  on.devnet.ledger.makeBlock();
  expect((await on.chain.transaction(txId)).state).toBe('confirmed');
  expect(await on.chain.utxos(friend.address)).toMatchObject([{ lovelace: 3n * ADA, assets: tokens }]);
  const { entries } = (await desk.answer({ type: 'history', before: null })) as { entries: { memo: string | null; kind: string }[] };
  expect(entries.map(({ kind, memo }) => [kind, memo])).toEqual([
    ['sent', 'hola'],
    ['received', null],
  ]);
  close();
  vault.stop();
});
