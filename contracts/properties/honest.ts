// Any honest transaction over one to four locks: settled by oracles, agreed by both parties or reclaimed, mixed, with payouts
// merged or apart. What an order may get wrong on purpose, before anything is signed, is its `flaw`.
import { blake2b } from '@noble/hashes/blake2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import type { OutputReference } from '@nunet/shared/fields.ts';
import { closeBytes, NO_KEY_HASH, settleBytes, voucherBytes } from '@nunet/shared/lock.ts';
import { addressOf } from '../address.ts';
import type { AssetQuantity } from '../chain/chain.ts';
import { addressData } from '../address-data.ts';
import { byInputOrder, NO_OUTPUT, payoutTag } from '../redeemer.ts';
import type { PlutusScript } from '../script.ts';
import { constr, copyOf, encodeData, type Data } from './data.ts';
import { datumHash, type PaperOutput, type PaperTransaction } from './paper.ts';
import { ASSETS, JOB_KEYS, ORACLES, PARTIES, THIEF, type Party, type Signer } from './people.ts';

export interface PlannedLock {
  reference: OutputReference;
  output: PaperOutput;
  datum: Data;
  /** The output holds the datum's hash, and the transaction shows the datum. */
  byHash?: true;
  redeemer: Data;
}

/** A transaction in which everything can still be changed. */
export interface Plan {
  /** In input order. */
  locks: PlannedLock[];
  outputs: PaperOutput[];
  fee: bigint;
  signers: string[];
  validFromSlot?: number;
  /** Inputs that are no locks. */
  others: { reference: OutputReference; output: PaperOutput }[];
  nativeScripts: Uint8Array[];
}

/** What somebody got wrong who signs, or who made the lock. */
const FLAWS = [
  'k is zero',
  'k is negative',
  'k is above the number of keys',
  'a key is listed twice and signs twice',
  'keys are not sorted',
  'one signature is missing',
  'paid is above the amount',
  'signed for another lock',
  'signed for another pay',
  'settleLovelace is negative',
] as const;
export type Flaw = (typeof FLAWS)[number];

/** No ledger holds an output without ADA; one that did would show its token in ADA's place. */
export const LEAST_LOVELACE = 1n;

const share = fc.constantFrom(0n, 1n, 2n, 3n, 4n);
const lovelace = (most: bigint): fc.Arbitrary<bigint> => fc.oneof(fc.constantFrom(0n, 1n, most), fc.bigInt({ min: 0n, max: most }));
/** Four of them still fit an output. */
const MOST_TOKENS = 2n ** 61n - 1n;

/** So that locks have parties and assets in common, and payouts are merged. */
const oftenTheFirst = (choices: number): fc.Arbitrary<number> =>
  fc.oneof({ weight: 1, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat({ max: choices - 1 }) });

const lockOrder = fc.record({
  txId: fc.nat({ max: 3 }),
  serviceProvider: oftenTheFirst(PARTIES.length),
  computeProvider: oftenTheFirst(PARTIES.length),
  asset: oftenTheFirst(ASSETS.length),
  amount: fc.oneof(fc.bigInt({ min: 0n, max: 10n }), fc.bigInt({ min: 0n, max: 10n ** 12n }), fc.constant(MOST_TOKENS)),
  /** Quarters of the amount, rounded down. */
  paid: share,
  lovelace: fc.bigInt({ min: 1_000_000n, max: 10_000_000n }),
  settleLovelace: lovelace(3_000_000n),
  /** Quarters of what may be taken. */
  taken: share,
  payLovelace: lovelace(2_000_000n).map((most) => most + LEAST_LOVELACE),
  by: fc.oneof(
    { weight: 4, arbitrary: fc.constant('oracles' as const) },
    { weight: 3, arbitrary: fc.constant('agreement' as const) },
    { weight: 2, arbitrary: fc.constant('owner' as const) },
  ),
  oracles: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 1, max: 3 }) }, { weight: 1, arbitrary: fc.integer({ min: 4, max: 9 }) }),
  k: fc.nat({ max: 2 }),
  moreSignatures: fc.boolean(),
  secret: fc.oneof(fc.constant(''), fc.uint8Array({ minLength: 1, maxLength: 80 }).map(bytesToHex)),
  merged: fc.boolean(),
  staked: fc.boolean(),
  flaw: fc.oneof({ weight: 9, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constantFrom(...FLAWS) }),
});
export type LockOrder = typeof lockOrder extends fc.Arbitrary<infer Order> ? Order : never;

export const order = fc.record({
  locks: fc.oneof(
    { weight: 3, arbitrary: fc.array(lockOrder, { minLength: 1, maxLength: 2 }) },
    { weight: 2, arbitrary: fc.array(lockOrder, { minLength: 2, maxLength: 4 }) },
  ),
  fee: lovelace(1_000_000n),
  agree: fc.boolean(),
  /** Where the submitter's own output stands among the payouts. */
  changeAt: fc.nat({ max: 8 }),
  backwards: fc.boolean(),
  fundsFirst: fc.boolean(),
});
export type Order = typeof order extends fc.Arbitrary<infer One> ? One : never;

/** When the transactions that reclaim begin to be valid, and when their locks may be reclaimed at the latest. */
export const RECLAIM_SLOT = 5_000;
const RECLAIM_AFTER = BigInt(RECLAIM_SLOT * 1_000);

const at = <Item>(items: readonly Item[], index: number): Item => {
  const item = items[index % items.length];
  if (item === undefined) throw new TypeError('none to choose from');
  return item;
};

const tokens = (asset: AssetQuantity): AssetQuantity[] => (asset.quantity === 0n ? [] : [asset]);

/** Everything that one lock and its decision are made of, before payouts are decided. */
interface Prepared {
  ordered: LockOrder;
  reference: OutputReference;
  serviceProvider: Party;
  computeProvider: Party;
  voucherKey: Signer;
  closeKey: Signer;
  paid: bigint;
  keys: string[];
  k: bigint;
  signatures: [number, string][];
  agreement: { voucher: string; close: string };
  settleLovelace: bigint;
}

function prepare(ordered: LockOrder, position: number): Prepared {
  const { flaw } = ordered;
  const reference = { txId: `${ordered.txId}${position}`.repeat(32), index: ordered.txId === 3 ? 300 : position };
  const within = (ordered.amount * ordered.paid) / 4n;
  const paid = flaw === 'paid is above the amount' ? ordered.amount + 1n : within;
  let signers: Signer[] = ORACLES.slice(0, ordered.oracles);
  let needed = 1 + (ordered.k % ordered.oracles);
  if (flaw === 'keys are not sorted') signers = signers.toReversed();
  if (flaw === 'a key is listed twice and signs twice') {
    signers = [at(signers, 0), ...signers];
    needed = 2;
  }
  const over = flaw === 'signed for another lock' ? { ...reference, index: reference.index + 1 } : reference;
  const signedPay = flaw === 'signed for another pay' ? paid + 1n : paid;
  let count = ordered.moreSignatures ? signers.length : needed;
  if (flaw === 'one signature is missing') count = needed - 1;
  const [voucherKey, closeKey] = [at(JOB_KEYS, position % 2), at(JOB_KEYS, 2 + (position % 2))];
  const k: Partial<Record<Flaw, number>> = {
    'k is zero': 0,
    'k is negative': -1,
    'k is above the number of keys': signers.length + 1,
  };
  const keyHash = ordered.secret === '' ? NO_KEY_HASH : bytesToHex(blake2b(hexToBytes(ordered.secret), { dkLen: 32 }));
  return {
    ordered,
    reference,
    serviceProvider: at(PARTIES, ordered.serviceProvider),
    computeProvider: at(PARTIES, ordered.computeProvider),
    voucherKey,
    closeKey,
    paid,
    keys: signers.map(({ publicKey }) => publicKey),
    k: BigInt((flaw === null ? undefined : k[flaw]) ?? needed),
    // The last ones: positions need not begin at 0.
    signatures:
      ordered.by === 'oracles'
        ? signers
            .map((signer, index): [number, string] => [index, signer.sign(settleBytes(over, signedPay))])
            .slice(flaw === 'a key is listed twice and signs twice' ? 0 : signers.length - count)
            .slice(0, count)
        : [],
    agreement:
      ordered.by === 'agreement'
        ? {
            voucher: voucherKey.sign(voucherBytes(over, signedPay, keyHash)),
            close: closeKey.sign(closeBytes(flaw === 'one signature is missing' ? { ...over, index: 999 } : over, signedPay)),
          }
        : { voucher: '', close: '' },
    settleLovelace: flaw === 'settleLovelace is negative' ? -1n : ordered.settleLovelace,
  };
}

function datumOf({ ordered, serviceProvider, computeProvider, voucherKey, closeKey, keys, k, settleLovelace }: Prepared): Data {
  const asset = at(ASSETS, ordered.asset);
  return constr(
    0,
    copyOf(addressData(serviceProvider.address)),
    copyOf(addressData(computeProvider.address)),
    voucherKey.publicKey,
    closeKey.publicKey,
    keys,
    k,
    constr(0, asset.policyId, asset.assetName),
    RECLAIM_AFTER,
    settleLovelace,
    '11'.repeat(32),
  );
}

/** One output to be, and the locks that it pays. */
interface Payout {
  address: string;
  asset: { policyId: string; assetName: string };
  quantity: bigint;
  lovelace: bigint;
  locks: Prepared[];
}

/** A lock's two claims never meet in one payout; claims of different locks do where address and asset allow it. */
function payoutsOf(settled: Prepared[], fee: bigint): { payouts: Payout[]; of: Map<Prepared, { back: Payout; pay: Payout | null }> } {
  const payouts: Payout[] = [];
  const of = new Map<Prepared, { back: Payout; pay: Payout | null }>();
  const claim = (lock: Prepared, { address }: Party, quantity: bigint, adds: bigint): Payout => {
    const asset = at(ASSETS, lock.ordered.asset);
    const found = payouts.find((one) => lock.ordered.merged && one.address === address && one.asset === asset && !one.locks.includes(lock));
    const payout: Payout = found ?? { address, asset, quantity: 0n, lovelace: 0n, locks: [] };
    if (found === undefined) payouts.push(payout);
    payout.quantity += quantity;
    payout.lovelace += adds;
    payout.locks.push(lock);
    return payout;
  };
  let feeLeft = fee;
  for (const lock of settled) {
    const { ordered, paid, settleLovelace, serviceProvider, computeProvider } = lock;
    const under = paid === 0n ? 0n : ordered.payLovelace;
    const most = [settleLovelace, under + feeLeft, ordered.lovelace - LEAST_LOVELACE].reduce((least, one) => (one < least ? one : least));
    const taken = ((most > 0n ? most : 0n) * ordered.taken) / 4n;
    if (taken > under) feeLeft -= taken - under;
    const rest = ordered.amount > paid ? ordered.amount - paid : 0n;
    const back = claim(lock, serviceProvider, rest, ordered.lovelace - taken);
    of.set(lock, { back, pay: paid === 0n ? null : claim(lock, computeProvider, paid, under) });
  }
  return { payouts, of };
}

/** `script` guards the locks. */
export function planOf({ locks, fee, agree, changeAt, backwards, fundsFirst }: Order, script: PlutusScript): Plan {
  const prepared = locks.map(prepare).toSorted((a, b) => byInputOrder(a.reference, b.reference));
  const settled = prepared.filter(({ ordered }) => ordered.by !== 'owner');
  const { payouts, of } = payoutsOf(settled, fee);
  const own: PaperOutput = { address: THIEF.address, lovelace: 3_000_000n, assets: [] };
  const places: (Payout | null)[] = backwards ? payouts.toReversed() : [...payouts];
  places.splice(changeAt % (places.length + 1), 0, null);
  const indexOf = (payout: Payout): bigint => BigInt(places.indexOf(payout));

  const entry = (lock: Prepared): Data => {
    const { ordered, paid, signatures, agreement } = lock;
    const claims = of.get(lock);
    if (claims === undefined) return constr(2);
    const indices = [claims.pay === null ? BigInt(NO_OUTPUT) : indexOf(claims.pay), indexOf(claims.back)];
    return ordered.by === 'oracles'
      ? constr(
          0,
          paid,
          signatures.map(([index, signature]): Data => [BigInt(index), signature]),
          ...indices,
        )
      : constr(1, paid, agreement.voucher, agreement.close, ordered.secret, ...indices);
  };
  const first = prepared.find(({ ordered }) => ordered.by !== 'owner');
  const owners = prepared.filter(({ ordered }) => ordered.by === 'owner').map(({ serviceProvider }) => serviceProvider);
  const scriptOwners = owners.filter(({ nativeScript }) => nativeScript !== undefined);
  const kind = agree ? 1 : 0;
  const plan: Plan = {
    locks: prepared.map((lock, position) => {
      const { ordered } = lock;
      const payment = { kind: 'script', hash: script.hash } as const;
      const stake = { kind: 'key', hash: '5e'.repeat(28) } as const;
      return {
        reference: lock.reference,
        output: {
          address: addressOf(ordered.staked ? { payment, stake } : { payment }),
          lovelace: ordered.lovelace,
          assets: tokens({ ...at(ASSETS, ordered.asset), quantity: ordered.amount }),
        },
        datum: datumOf(lock),
        redeemer: lock === first ? constr(kind, prepared.map(entry)) : ordered.by === 'owner' ? constr(2) : constr(position % 2, []),
      };
    }),
    outputs: places.map((payout): PaperOutput => {
      if (payout === null) return own;
      const { address, asset, quantity, lovelace: held, locks: paidLocks } = payout;
      return {
        address,
        lovelace: held,
        assets: tokens({ ...asset, quantity }),
        inlineDatum: encodeData(payoutTag(paidLocks.map(({ reference }) => reference))),
      };
    }),
    fee,
    signers: [...new Set(owners.filter(({ payment }) => payment.kind === 'key').map(({ payment }) => payment.hash))],
    others: [
      { reference: { txId: (fundsFirst ? '00' : 'ff').repeat(32), index: 7 }, output: { ...own, lovelace: 9_000_000n } },
      ...scriptOwners.slice(0, 1).map(({ address }) => ({
        reference: { txId: 'fe'.repeat(32), index: 1 },
        output: { address, lovelace: 2_000_000n, assets: [] },
      })),
    ],
    nativeScripts: scriptOwners.slice(0, 1).flatMap(({ nativeScript }) => (nativeScript === undefined ? [] : [nativeScript])),
  };
  if (owners.length > 0) plan.validFromSlot = RECLAIM_SLOT;
  return plan;
}

/** Of a plan, as a ledger would see it. */
export function transactionOf(plan: Plan, script: PlutusScript): PaperTransaction {
  const { locks, outputs, fee, signers, validFromSlot, others, nativeScripts } = plan;
  return {
    inputs: [
      ...locks.map(({ reference, output, datum, byHash, redeemer }) => ({
        reference,
        output: { ...output, ...(byHash ? { datumHash: datumHash(encodeData(datum)) } : { inlineDatum: encodeData(datum) }) },
        redeemer: encodeData(redeemer),
      })),
      ...others,
    ],
    references: [],
    outputs,
    fee,
    signers,
    ...(validFromSlot === undefined ? {} : { validFromSlot }),
    mint: [],
    withdrawals: [],
    delegations: [],
    plutusScripts: [script.code],
    nativeScripts,
    datums: locks.filter(({ byHash }) => byHash).map(({ datum }) => encodeData(datum)),
  };
}
