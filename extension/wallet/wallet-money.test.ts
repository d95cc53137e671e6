// A person's money from end to end on a real ledger: built, signed, sent, on its way, in a block; and what must not happen to it.
import { bytesToHex } from '@noble/hashes/utils.js';
import { cborArray, cborBytes, cborInt, cborMap, CBOR_NULL, CBOR_TRUE } from '@nunet/contracts/chain/cbor.ts';
import type { Source } from '@nunet/contracts/chain/chain.ts';
import { readTransactionHex } from '@nunet/contracts/chain/transaction.ts';
import { startRehearsal, type Rehearsal } from '@nunet/contracts/rehearsal.ts';
import { ESCROW_ADDRESS } from '@nunet/contracts/script.ts';
import { signTransaction } from '@nunet/contracts/sign.ts';
import { newPerson, type Person } from '@nunet/contracts/thefts/cast.ts';
import { assetUnit } from '@nunet/contracts/value.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { openDatabase, type RunnerDatabase } from '../runner/database.ts';
import { emptyDatabase } from '../runner/sample-database.ts';
import type { BuiltPayment, WalletRequest } from './messages.ts';
import { walletDesk } from './wallet-desk.ts';
import { accountOf, sampleMoney, witnessOf, type SampleMoney } from './sample-money.ts';

const ADA = 1_000_000n;
let on: Rehearsal;
const opened: SampleMoney[] = [];

beforeAll(async () => {
  on = await startRehearsal();
}, 120_000);
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});
afterAll(() => on.stop());

async function wallet(person: Person, database?: RunnerDatabase, chain?: Source): Promise<SampleMoney> {
  const sample = sampleMoney(on, accountOf(person), database ?? (await emptyDatabase()).database, chain);
  opened.push(sample);
  await sample.link.look();
  await sample.desk.answer({ type: 'address-book' });
  return sample;
}
async function funded(...lovelace: bigint[]): Promise<Person> {
  const person = newPerson();
  for (const one of lovelace) await on.fund(person, one);
  return person;
}
type PaymentOrder = Extract<WalletRequest, { type: 'build-payment' }>;
const payment = (to: string, lovelace: bigint | null, more: Partial<PaymentOrder> = {}): PaymentOrder => ({
  type: 'build-payment',
  to,
  lovelace,
  tokens: [],
  isAll: false,
  memo: '',
  ...more,
});
const build = async ({ desk }: SampleMoney, request: WalletRequest): Promise<BuiltPayment> => (await desk.answer(request)) as BuiltPayment;
const submit = async ({ desk }: SampleMoney, person: Person, { cbor }: { cbor: string }): Promise<{ txId: string }> =>
  (await desk.answer({ type: 'submit', cbor, witnesses: [witnessOf(person, cbor)] })) as { txId: string };
const codeOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'done',
    (error: unknown) => (error instanceof NunetError ? error.code : String(error)),
  );

describe('a payment', () => {
  test('is on its way until a block has it, and the sums are the ledger’s', async () => {
    const person = await funded(20n * ADA);
    const friend = newPerson();
    const sample = await wallet(person);
    expect(sample.money.view()).toMatchObject({ isKnown: true, lovelace: 20n * ADA, pending: [] });
    const built = await build(sample, payment(friend.address, 7n * ADA, { memo: 'hola' }));
    expect(built.lovelace).toBe(7n * ADA);
    const { txId } = await submit(sample, person, built);
    expect(sample.money.view().pending).toMatchObject([{ txId, lovelace: -7n * ADA - built.fee, baseUnits: 0n, problem: null }]);
    expect(sample.money.spendable()).toEqual([]);
    on.devnet.ledger.makeBlock();
    await sample.link.look();
    await vi.waitFor(() => expect(sample.money.view().pending).toEqual([]), 20_000);
    expect(sample.money.view().lovelace).toBe(13n * ADA - built.fee);
    expect(sample.money.known()).toEqual([{ address: friend.address, name: null }]);
  });

  test('of NTX takes the least ADA, and everything takes all', async () => {
    const person = newPerson();
    await on.fund(person, 30n * ADA, 9_000_000n);
    const sample = await wallet(person);
    expect(sample.money.view()).toMatchObject({ baseUnits: 9_000_000n, tokens: [{ isNtx: true, quantity: 9_000_000n, decimals: 6 }] });
    const tokens = [{ ...on.devnet.asset, quantity: 1_000_000n }];
    const built = await build(sample, payment(newPerson().address, null, { tokens }));
    expect(built.lovelace).toBeLessThan(1_300_000n);
    const all = await build(sample, payment(newPerson().address, null, { isAll: true }));
    expect(all.lovelace).toBe(30n * ADA - all.fee);
  });

  test('sent twice is sent once', async () => {
    const person = await funded(20n * ADA);
    const sample = await wallet(person);
    const built = await build(sample, payment(newPerson().address, 5n * ADA));
    const first = await submit(sample, person, built);
    expect(await submit(sample, person, built)).toEqual(first);
    on.devnet.ledger.makeBlock();
    expect(await submit(sample, person, built)).toEqual(first);
    expect(sample.money.view().pending.length).toBeLessThanOrEqual(1);
  });
});

describe('what waits in between', () => {
  test('a browser that was closed shows it again and sends it again', async () => {
    const person = await funded(20n * ADA);
    const { database, name } = await emptyDatabase();
    // The source takes nothing, and says nothing.
    const deaf: Source = {
      ...on.chain,
      submit: () => Promise.reject(new NunetError('chain-unavailable', 'Cannot read the chain: no answer')),
    };
    const before = await wallet(person, database, deaf);
    const built = await build(before, payment(newPerson().address, 5n * ADA));
    const { txId } = await submit(before, person, built);
    expect(before.money.view().pending).toMatchObject([{ txId, problem: { code: 'chain-unavailable' } }]);
    before.close();
    database.close();

    const after = await wallet(person, await openDatabase(name));
    expect(after.money.view().pending).toMatchObject([{ txId }]);
    // Its inputs are promised again before anything else is built.
    expect(await codeOf(build(after, payment(newPerson().address, 5n * ADA)))).toBe('funds-pending');
    await vi.waitFor(async () => expect((await on.chain.transaction(txId)).state).toBe('pending'), 20_000);
    on.devnet.ledger.makeBlock();
    await vi.waitFor(() => expect(after.money.view().pending).toEqual([]), 20_000);
  });

  test('one whose time is over is dropped, and its inputs are free again', async () => {
    const person = await funded(20n * ADA);
    let lateMs = 0;
    const deaf: Source = {
      ...on.chain,
      submit: () => Promise.reject(new NunetError('chain-unavailable', 'no answer')),
      tip: async (signal) => {
        const tip = await on.chain.tip(signal);
        return { ...tip, timeMs: tip.timeMs + lateMs };
      },
    };
    const sample = await wallet(person, undefined, deaf);
    await submit(sample, person, await build(sample, payment(newPerson().address, 5n * ADA)));
    expect(sample.inputs.promised.size).toBe(1);
    lateMs = 3 * 3_600_000;
    await vi.waitFor(() => expect(sample.money.view().pending).toEqual([]), 20_000);
    expect(sample.inputs.promised.size).toBe(0);
  });

  test('one that the ledger refuses says why, and is not kept', async () => {
    const person = await funded(20n * ADA);
    const sample = await wallet(person);
    const built = await build(sample, payment(newPerson().address, 5n * ADA));
    // The same outputs are spent elsewhere, with the same words.
    const elsewhere = await wallet(person);
    await submit(elsewhere, person, await build(elsewhere, payment(newPerson().address, 6n * ADA)));
    on.devnet.ledger.makeBlock();
    await expect(submit(sample, person, built)).rejects.toMatchObject({ code: 'chain-rejected' });
    expect(sample.money.view().pending).toEqual([]);
    expect(sample.inputs.promised.size).toBe(0);
  });
});

describe('collateral', () => {
  test('is made of five ADA, counted apart, never spent, and given back', async () => {
    const person = await funded(20n * ADA);
    const { database, name } = await emptyDatabase();
    const sample = await wallet(person, database);
    expect(sample.money.collateral()).toBeNull();
    const built = await build(sample, { type: 'build-collateral', isWanted: true });
    expect(built.lovelace).toBe(5n * ADA);
    await submit(sample, person, built);
    on.devnet.ledger.makeBlock();
    await sample.link.look();
    expect(sample.money.collateral()).toMatchObject({ lovelace: 5n * ADA, assets: [] });
    expect(sample.money.view()).toMatchObject({ collateralLovelace: 5n * ADA, lovelace: 15n * ADA - built.fee });
    await vi.waitFor(() => expect(sample.money.view().pending).toEqual([]), 20_000);
    // A second one is not made.
    expect(await sample.desk.answer({ type: 'build-collateral', isWanted: true })).toBeNull();
    const all = await build(sample, payment(newPerson().address, null, { isAll: true }));
    expect(all.lovelace).toBe(15n * ADA - built.fee - all.fee);
    expect(await codeOf(build(sample, payment(newPerson().address, 17n * ADA)))).toBe('funds-insufficient');
    // A restart keeps it apart.
    sample.close();
    database.close();
    const again = await wallet(person, await openDatabase(name));
    expect(again.money.view().collateralLovelace).toBe(5n * ADA);
    expect(again.money.spendable()?.map(({ lovelace }) => lovelace)).toEqual([15n * ADA - built.fee]);
    expect(await again.desk.answer({ type: 'build-collateral', isWanted: false })).toBeNull();
    expect(again.money.view()).toMatchObject({ collateralLovelace: 0n, lovelace: 20n * ADA - built.fee });
    expect(await codeOf(build(again, payment(newPerson().address, 17n * ADA)))).toBe('done');
  });

  test('an output of five ADA that is there already is taken as it is', async () => {
    const sample = await wallet(await funded(20n * ADA, 5n * ADA));
    expect(await sample.desk.answer({ type: 'build-collateral', isWanted: true })).toBeNull();
    expect(sample.money.collateral()?.lovelace).toBe(5n * ADA);
  });
});

describe('the money', () => {
  test('cannot be sent without the account’s own signature, nor with one over something else', async () => {
    const person = await funded(20n * ADA);
    const sample = await wallet(person);
    const { cbor } = await build(sample, payment(newPerson().address, 5n * ADA));
    const other = await build(sample, payment(newPerson().address, 6n * ADA));
    const send = (witnesses: ReturnType<typeof witnessOf>[]) => codeOf(sample.desk.answer({ type: 'submit', cbor, witnesses }));
    expect(await send([])).toBe('witness-missing');
    expect(await send([witnessOf(newPerson(), cbor)])).toBe('witness-missing');
    expect(await send([witnessOf(person, other.cbor)])).toBe('witness-wrong');
    expect(await send([{ ...witnessOf(person, cbor), publicKey: '00'.repeat(32) }])).toBe('witness-wrong');
    expect(sample.money.view().pending).toEqual([]);
  });

  test('cannot be spent where a job’s lock or another payment spends it', async () => {
    const person = await funded(20n * ADA);
    const sample = await wallet(person);
    const built = await build(sample, payment(newPerson().address, 5n * ADA));
    sample.inputs.promise('a job', built.cbor);
    expect(sample.money.spendable()).toEqual([]);
    expect(await codeOf(build(sample, payment(newPerson().address, 5n * ADA)))).toBe('funds-pending');
    expect(await codeOf(submit(sample, person, built))).toBe('inputs-taken');
    expect(await codeOf(sample.money.sendSigned(signTransaction(built.cbor, [person.secret])))).toBe('inputs-taken');
    sample.inputs.promise('a job', null);
    expect(await codeOf(submit(sample, person, built))).toBe('done');
  });

  test('cannot look empty because the source fails', async () => {
    const person = await funded(20n * ADA);
    const failing: Source = { ...on.chain, utxos: () => Promise.reject(new NunetError('chain-unavailable', 'no answer')) };
    const sample = await wallet(person, undefined, failing);
    expect(sample.money.view().isKnown).toBe(false);
    expect(sample.money.spendable()).toBeNull();
    expect(await codeOf(build(sample, payment(newPerson().address, 5n * ADA)))).toBe('chain-unavailable');
  });

  test('cannot go to a wrong address, whatever the page thought of it', async () => {
    const sample = await wallet(await funded(20n * ADA));
    expect(await codeOf(build(sample, payment(ESCROW_ADDRESS, 5n * ADA)))).toBe('address-script');
    expect(await codeOf(build(sample, payment('addr1qx2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3', 5n * ADA)))).toBe('address-other-network');
    expect(await codeOf(build(sample, payment(newPerson().address.slice(0, -1), 5n * ADA)))).toBe('address-truncated');
  });

  test('cannot leave by a transaction of 16 KB with certificates that nobody knows, which the ledger refuses with its reason', async () => {
    const person = await funded(20n * ADA);
    const sample = await wallet(person);
    const { cbor } = await build(sample, payment(newPerson().address, 5n * ADA));
    const { inputs, outputs } = readTransactionHex(cbor);
    const certificate = cborArray([cborInt(99), cborArray([cborInt(0), cborBytes(new Uint8Array(28).fill(7))])]);
    const body = cborMap([
      [cborInt(0), cborArray(inputs.map(({ txId, index }) => cborArray([cborBytes(Buffer.from(txId, 'hex')), cborInt(index)])))],
      [cborInt(1), cborArray(outputs.map(({ raw }) => raw))],
      [cborInt(2), cborInt(900_000)],
      [cborInt(4), cborArray(Array.from({ length: 450 }, () => certificate))],
    ]);
    const large = bytesToHex(cborArray([body, cborMap([]), CBOR_TRUE, CBOR_NULL]));
    expect(large.length / 2).toBeGreaterThan(15_000);
    expect(await codeOf(submit(sample, person, { cbor: large }))).toMatch(/^chain-(rejected|unavailable)$/);
    const tooLarge = cborMap([[cborInt(0), cborBytes(new Uint8Array(17_000))]]);
    expect(await codeOf(submit(sample, person, { cbor: bytesToHex(cborArray([tooLarge, cborMap([]), CBOR_TRUE, CBOR_NULL])) }))).toBe(
      'transaction-too-big',
    );
    expect(await codeOf(sample.desk.answer({ type: 'submit', cbor: 'ff', witnesses: [] }))).toBe('transaction-invalid');
    expect(await codeOf(sample.desk.answer({ type: 'submit', cbor: '84a0a0f5f6', witnesses: [] }))).toBe('transaction-invalid');
  });

  test('cannot be misread from a damaged store', async () => {
    const person = await funded(20n * ADA);
    const { database } = await emptyDatabase();
    const key = `devnet/${assetUnit(on.devnet.asset)}/${person.address}`;
    await database.put('settings', [{ txId: 'nonsense' }, null, 7], `sent/${key}`);
    await database.put('settings', 'nonsense', `collateral/${key}`);
    await database.put('settings', { wasAsked: 'perhaps' }, `sight/${key}/${assetUnit(on.devnet.asset)}`);
    await database.put('settings', 9, `paid/${key}`);
    await database.put('contacts', { name: 7 } as never, 'x');
    const sample = await wallet(person, database);
    expect(sample.money.view()).toMatchObject({ lovelace: 20n * ADA, pending: [], collateralLovelace: 0n });
    expect(await codeOf(build(sample, payment(newPerson().address, 5n * ADA)))).toBe('done');
  });
});

describe('the address book', () => {
  test('names whom it knows, survives a restart, and forgets', async () => {
    const { database, name } = await emptyDatabase();
    const person = newPerson();
    const friend = newPerson().address;
    const first = await wallet(person, database);
    await first.desk.answer({ type: 'save-contact', name: ' Ana ', address: friend.toUpperCase() });
    first.close();
    database.close();
    const { desk, money } = await wallet(person, await openDatabase(name));
    expect(await desk.answer({ type: 'address-book' })).toEqual({ contacts: [{ name: 'Ana', address: friend }] });
    expect(money.known()).toEqual([{ address: friend, name: 'Ana' }]);
    await desk.answer({ type: 'remove-contact', address: friend });
    expect(await desk.answer({ type: 'address-book' })).toEqual({ contacts: [] });
  });

  test('works without a network, where nothing else does', async () => {
    const { database } = await emptyDatabase();
    const nothing = { free: () => [], promise: () => undefined, setApart: () => undefined };
    const clock = { now: () => 0, sleep: () => Promise.resolve() };
    const parts = { database, transactions: { pay: () => Promise.reject(new Error('unwanted')) }, inputs: nothing, clock };
    const desk = walletDesk({ ...parts, linked: () => null, onChange: () => undefined });
    const friend = newPerson().address;
    await desk.answer({ type: 'save-contact', name: 'Ana', address: friend });
    expect(desk.known()).toEqual([{ address: friend, name: 'Ana' }]);
    expect(desk.view()).toBeNull();
    expect(await codeOf(desk.answer({ type: 'history', before: null }))).toBe('network-missing');
  });

  test('cannot keep two of one name, a name that hides something, or an address that cannot be paid', async () => {
    const { desk } = await wallet(newPerson());
    const save = (name: string, address: string) => codeOf(desk.answer({ type: 'save-contact', name, address }));
    expect(await save('Ana', newPerson().address)).toBe('done');
    expect(await save('ana', newPerson().address)).toBe('contact-invalid');
    expect(await save('An\u202ea', newPerson().address)).toBe('contact-invalid');
    expect(await save('   ', newPerson().address)).toBe('contact-invalid');
    expect(await save('Script', ESCROW_ADDRESS)).toBe('address-script');
  });
});

test('a wallet that was removed leaves nothing of its money behind, and nothing else is touched', async () => {
  const person = await funded(20n * ADA);
  const { database } = await emptyDatabase();
  await database.put('settings', 'kept', 'network');
  const sample = await wallet(person, database);
  await submit(sample, person, await build(sample, payment(newPerson().address, 5n * ADA)));
  await sample.desk.answer({ type: 'save-contact', name: 'Ana', address: newPerson().address });
  await sample.desk.answer({ type: 'show-token', unit: 'aa', isShown: true });
  await database.put('history', {}, ['x', 'y']);
  expect(await codeOf(sample.desk.answer({ type: 'forget-wallet' }))).toBe('wallet-present');
  sample.close();
  await sample.desk.answer({ type: 'forget-wallet' });
  expect(await sample.desk.answer({ type: 'address-book' })).toEqual({ contacts: [] });
  expect(await database.getAllKeys('settings')).toEqual(['network']);
  for (const store of ['contacts', 'shownTokens', 'history'] as const) expect(await database.count(store)).toBe(0);
});

test('a token that nobody asked for is hidden until the person shows it', async () => {
  const sender = await funded(100n * ADA);
  await on.fund(sender, 10n * ADA, 1_000_000n);
  const person = newPerson();
  // Another wallet of the same token, which is NTX to it and a stranger's to one whose network has another.
  const from = await wallet(sender);
  await submit(from, sender, await build(from, payment(person.address, null, { tokens: [{ ...on.devnet.asset, quantity: 5n }] })));
  on.devnet.ledger.makeBlock();
  const { database } = await emptyDatabase();
  const foreign = { ...on, devnet: { ...on.devnet, asset: { policyId: 'ee'.repeat(28), assetName: '' } } };
  const sample = sampleMoney(foreign, accountOf(person), database);
  opened.push(sample);
  await sample.link.look();
  await vi.waitFor(() => expect(sample.money.view().tokens[0]?.hiddenBecause).toBe('nobody asked for it'), 20_000);
  const unit = assetUnit(on.devnet.asset);
  await sample.desk.answer({ type: 'show-token', unit, isShown: true });
  expect(sample.money.view().tokens[0]?.hiddenBecause).toBeNull();
  expect(await sample.desk.answer({ type: 'token-image', unit })).toEqual({ image: null });
});
