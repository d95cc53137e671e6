// What a page shows and what it proposes are made of the same bytes, with the same keys.
import { addressBytes } from '@nunet/contracts/chain/address.ts';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { expect, test, vi } from 'vitest';
import type { PageRequest } from '../messages.ts';
import { hashesOf, prepare } from '../vault/prepared.ts';
import { prepareSigning, type Asked, type Shown, type ToSign } from './prepare-signing.ts';
import type { PreviewGround } from './preview.ts';
import * as world from './sample-world.ts';

const account = {
  index: 0,
  name: 'Main',
  payment: world.publicKey('payment'),
  stake: world.publicKey('stake'),
  drep: world.publicKey('drep'),
};
const pay = (lovelace: bigint): string =>
  world.transactionOf({ outputs: [{ address: world.FRIEND, lovelace }, world.change(49_800_000n - lovelace)] });

async function prepared(ask: ToSign, ground: Partial<PreviewGround> = {}) {
  const asked = vi.fn(async (_: PageRequest) => Promise.resolve(world.sampleGround(ground)));
  const runner = { ask: asked } as unknown as Asked['runner'];
  const made = await prepareSigning({ runner, ask, origin: null, frame: 'f', account, network: 'devnet' });
  return { ...made, asked };
}

const hashesShown = (what: Shown): string[] => (what.kind === 'data' ? [what.data.hash] : what.previews.map(({ hash }) => hash));

test('what the vault hashes of the proposal is what is shown, for several transactions and for a message', async () => {
  const transactions = [pay(1_000_000n), pay(2_000_000n)].map((cbor) => ({ cbor, roles: null }));
  const address = bytesToHex(addressBytes(world.HOME));
  for (const ask of [
    { kind: 'transactions', transactions },
    { kind: 'data', role: 'payment', address, payload: bytesToHex(utf8ToBytes('hello')) },
  ] satisfies ToSign[]) {
    const { what, proposal } = await prepared(ask);
    expect(hashesShown(what)).toEqual(hashesOf(prepare(proposal, account, () => '')));
  }
});

test('the runner is asked about exactly the bytes that are proposed, and about nothing for a message', async () => {
  const cbor = pay(1_000_000n);
  const { asked, proposal } = await prepared({ kind: 'transactions', transactions: [{ cbor, roles: null }] });
  expect(asked).toHaveBeenCalledExactlyOnceWith({ type: 'preview-ground', account: 0, transactions: [cbor] });
  expect(proposal.what).toEqual({ kind: 'transactions', transactions: [{ cbor, roles: ['payment'] }] });
  const message = await prepared({ kind: 'data', role: 'payment', address: bytesToHex(addressBytes(world.HOME)), payload: '6869' });
  expect(message.asked).not.toHaveBeenCalled();
});

test('the keys that are shown are the keys that sign, also where a page asks for others', async () => {
  const { what, proposal } = await prepared({
    kind: 'transactions',
    transactions: [{ cbor: pay(1_000_000n), roles: ['payment', 'stake'] }],
  });
  expect(what).toMatchObject({ previews: [{ keys: ['payment', 'stake'] }] });
  expect(proposal.what).toMatchObject({ transactions: [{ roles: ['payment', 'stake'] }] });
});

test('most of what there is asks for the password again, a small part does not', async () => {
  const half = { balance: { lovelace: 20_000_000n, baseUnits: 0n } };
  const ask = (lovelace: bigint): ToSign => ({ kind: 'transactions', transactions: [{ cbor: pay(lovelace), roles: null }] });
  expect((await prepared(ask(15_000_000n), half)).proposal.isLarge).toBe(true);
  expect((await prepared(ask(5_000_000n), half)).proposal.isLarge).toBeUndefined();
});

test('cannot go on with bytes that cannot be shown', async () => {
  await expect(prepared({ kind: 'transactions', transactions: [{ cbor: '84', roles: null }] })).rejects.toMatchObject({
    code: 'transaction-unreadable',
  });
});
