// Random changes to an honest transaction: to its outputs, locks, signers and time, and to any place in a datum or a redeemer.
import fc from 'fast-check';
import { addressOf, addressParts } from '../address.ts';
import { payoutTag } from '../redeemer.ts';
import { ESCROW } from '../script.ts';
import { constr, copyOf, encodeData, isConstructor, type Data } from './data.ts';
import { LEAST_LOVELACE, type Plan, type PlannedLock } from './honest.ts';
import type { PaperOutput } from './paper.ts';
import { ASSETS, DUST, HALF_ANNA, PARTIES, THIEF } from './people.ts';

/** Where, and which of the changes that can be made there; a number beyond its range wraps around. */
const edit = fc.record({
  part: fc.constantFrom('output', 'output', 'lock', 'transaction', 'datum', 'redeemer', 'redeemer', 'redeemers'),
  which: fc.nat({ max: 8 }),
  /** Down into a datum or a redeemer: which child at each level. */
  path: fc.array(fc.nat({ max: 9 }), { maxLength: 5 }),
  change: fc.nat({ max: 15 }),
  number: fc.oneof(
    fc.bigInt({ min: -3n, max: 3n }),
    fc.constantFrom(2n ** 63n - 1n, 2n ** 63n, 2n ** 64n, 2n ** 200n, -(2n ** 63n), -(2n ** 64n) - 1n),
    fc.bigInt({ min: -2_000_000n, max: 2_000_000n }),
  ),
});
export type Edit = typeof edit extends fc.Arbitrary<infer One> ? One : never;

/** Half of them none: what is honest must be accepted. */
export const edits = fc.oneof(
  { weight: 2, arbitrary: fc.constant<Edit[]>([]) },
  { weight: 3, arbitrary: fc.array(edit, { minLength: 1, maxLength: 3 }) },
);

const pick = <Item>(items: readonly Item[], index: number): Item | undefined => items[index % Math.max(1, items.length)];

// --- Plutus data ---

const swap = (items: unknown[], one: number, other: number): void => {
  const [a, b] = [items[one], items[other]];
  if (a !== undefined && b !== undefined) [items[one], items[other]] = [b, a];
};

/** Drops, repeats, turns, swaps, copies or adds an item. */
function editItems(items: Data[], { change, which, number }: Edit): void {
  const place = items.length === 0 ? 0 : which % items.length;
  const found = items[place];
  const changes = [
    () => items.splice(place, 1),
    () => items.splice(place, 0, ...(found === undefined ? [] : [copyOf(found)])),
    () => items.reverse(),
    () => {
      swap(items, place, (place + 1) % Math.max(1, items.length));
    },
    () => items.splice(0, 1, ...(found === undefined ? [] : [copyOf(found)])),
    () => items.push(number),
    () => items.splice(0),
    () => items.splice(place, 1, constr(2)),
  ];
  pick(changes, change)?.();
}

function editBytes(bytes: string, { change, which }: Edit): string {
  const at = 2 * (which % Math.max(1, bytes.length / 2));
  const flipped = (Number.parseInt(bytes.slice(at, at + 2) || '00', 16) ^ 1).toString(16).padStart(2, '0');
  const changes = [
    bytes.slice(0, at) + flipped + bytes.slice(at + 2),
    bytes.slice(0, -2),
    `${bytes}00`,
    '',
    '00'.repeat(32),
    bytes.slice(0, at) + bytes.slice(at + 2),
  ];
  return pick(changes, change) ?? '';
}

function editInteger(integer: bigint, { change, number }: Edit): bigint {
  return pick([integer + 1n, integer - 1n, -integer, 0n, number, integer + number, integer + 2n ** 64n], change) ?? 0n;
}

/** The data with one change at the path's end, or where the path meets a leaf. */
function editData(data: Data, path: number[], what: Edit): Data {
  const [step, ...rest] = path;
  if (typeof data === 'bigint') return editInteger(data, what);
  if (typeof data === 'string') return editBytes(data, what);
  const children = Array.isArray(data) ? data : isConstructor(data) ? data.fields : [];
  if (step !== undefined && children.length > 0) {
    const place = step % children.length;
    const child = children[place];
    if (child !== undefined) children[place] = editData(child, rest, what);
    return data;
  }
  if (what.change >= 14) return what.number;
  if (isConstructor(data) && what.change >= 8) return constr(Math.abs(Number(what.number % 200n)), ...data.fields);
  editItems(children, what);
  return data;
}

// --- the transaction around it ---

const token = (quantity: bigint) => ({ ...ASSETS[0], quantity });
const withoutStake = (address: string): string => addressOf({ payment: addressParts(address).payment });
const withStake = (address: string): string =>
  addressOf({ payment: addressParts(address).payment, stake: { kind: 'key', hash: '5a'.repeat(28) } });

/** Quantities and lovelace stay what a ledger can hold. */
const MOST = 2n ** 63n - 1n;
const held = (quantity: bigint): bigint => (quantity < 0n ? 0n : quantity > MOST ? MOST : quantity);
const lovelaceOf = (lovelace: bigint): bigint => (lovelace < LEAST_LOVELACE ? LEAST_LOVELACE : held(lovelace));

function editQuantity(output: PaperOutput, by: bigint): void {
  const [first] = output.assets;
  output.assets = [{ ...(first ?? token(0n)), quantity: held((first?.quantity ?? 0n) + by) }].filter(({ quantity }) => quantity > 0n);
}

function editOutput(plan: Plan, what: Edit): void {
  const { which, number } = what;
  const index = which % Math.max(1, plan.outputs.length);
  const output = plan.outputs[index];
  if (output === undefined) return;
  const references = plan.locks.map(({ reference }) => reference);
  const changes = [
    () => (output.lovelace = lovelaceOf(output.lovelace + number)),
    () => {
      editQuantity(output, number);
    },
    () => (output.address = (pick(PARTIES, Math.abs(Number(number % 7n))) ?? THIEF).address),
    () => (output.address = THIEF.address),
    () => (output.address = withoutStake(output.address)),
    () => (output.address = withStake(output.address)),
    () => (output.address = (pick(HALF_ANNA, which) ?? THIEF).address),
    () => plan.outputs.splice(index, 1),
    () => plan.outputs.splice(index, 0, { ...output }),
    () => {
      swap(plan.outputs, index, (index + 1) % plan.outputs.length);
    },
    () => {
      delete output.inlineDatum;
    },
    () => (output.inlineDatum = encodeData(payoutTag(references.slice(0, 1 + (which % 4))))),
    () => (output.inlineDatum = encodeData(payoutTag(references.toReversed()))),
    () => (output.assets = [...output.assets, { ...DUST, quantity: 1n }]),
    () => (output.referenceScript = ESCROW.code),
    () => {
      if (output.inlineDatum !== undefined) output.datumHash = output.inlineDatum.slice(4);
      delete output.inlineDatum;
    },
  ];
  pick(changes, what.change)?.();
}

function editLock(lock: PlannedLock, { change, number }: Edit): void {
  const { output } = lock;
  const changes: (() => unknown)[] = [
    () => (output.lovelace = lovelaceOf(output.lovelace + number)),
    () => {
      editQuantity(output, number);
    },
    () => (output.assets = [...output.assets, { ...DUST, quantity: 1n }]),
    () => (output.address = withoutStake(output.address)),
    () => (output.address = withStake(output.address)),
    () => (lock.byHash = true),
    () => (lock.redeemer = constr(2)),
    () => (lock.redeemer = constr(3)),
    () => (lock.redeemer = constr(0, [])),
    () => (lock.redeemer = constr(1, [])),
  ];
  pick(changes, change)?.();
}

function editTransaction(plan: Plan, { change, which, number }: Edit): void {
  const { locks } = plan;
  const one = locks[which % locks.length];
  const other = locks[(which + 1) % locks.length];
  const changes = [
    () => (plan.fee = held(plan.fee + number)),
    () => (plan.signers = []),
    () => (plan.signers = [...plan.signers, THIEF.payment.hash]),
    () => {
      delete plan.validFromSlot;
    },
    () => (plan.validFromSlot = 4_999),
    () => (plan.validFromSlot = 5_001),
    () => {
      if (one !== undefined && other !== undefined) [one.redeemer, other.redeemer] = [other.redeemer, copyOf(one.redeemer)];
    },
    () => {
      if (one !== undefined && other !== undefined) [one.datum, other.datum] = [other.datum, copyOf(one.datum)];
    },
    () => {
      if (one !== undefined && other !== undefined) other.redeemer = copyOf(one.redeemer);
    },
    () => plan.locks.splice(which % locks.length, locks.length > 1 ? 1 : 0),
    () => (plan.others = plan.others.slice(0, 1)),
  ];
  pick(changes, change)?.();
}

/** What a lock's whole redeemer may become, also constructors that no rule knows; the first ones leave it. */
const WHOLE: (Data | null)[] = [
  null,
  null,
  null,
  constr(0, []),
  constr(1, []),
  constr(2),
  constr(3),
  constr(3, []),
  constr(7),
  constr(130, []),
];

/** Changes the plan. */
export function apply(plan: Plan, what: Edit): void {
  const lock = pick(plan.locks, what.which);
  if (lock === undefined) return;
  if (what.part === 'output') editOutput(plan, what);
  else if (what.part === 'lock') editLock(lock, what);
  else if (what.part === 'transaction') editTransaction(plan, what);
  else if (what.part === 'datum') lock.datum = editData(lock.datum, what.path, what);
  else if (what.part === 'redeemers')
    plan.locks.forEach((one, index) => {
      const whole = pick(WHOLE, what.path[index] ?? 0) ?? null;
      if (whole !== null) one.redeemer = copyOf(whole);
    });
  else lock.redeemer = editData(lock.redeemer, what.path, what);
}
