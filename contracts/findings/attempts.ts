// Attempts that findings ask for and that no theft test makes: other purposes of the script, other versions of it, locks that are too
// big, signatures in another form.
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { expect } from 'vitest';
import tracedBlueprint from '../plutus.traced.json' with { type: 'json' };
import { constr, encodeData, isConstructor, type Data } from '../properties/data.ts';
import { askScalus, type Question } from '../properties/evaluate.ts';
import { planOf, RECLAIM_SLOT, transactionOf, type LockOrder, type Order, type Plan } from '../properties/honest.ts';
import { datumHash, resolvedOutputs, transactionBytes, type PaperTransaction } from '../properties/paper.ts';
import { ESCROW, scriptFrom, type PlutusScript } from '../script.ts';
import { expectBoth, type Attempt } from './finding.ts';

const LOCK: LockOrder = {
  txId: 0,
  serviceProvider: 0,
  computeProvider: 1,
  asset: 0,
  amount: 5_000_000n,
  paid: 2n,
  lovelace: 5_000_000n,
  settleLovelace: 2_000_000n,
  taken: 4n,
  payLovelace: 1_500_000n,
  by: 'oracles',
  oracles: 3,
  k: 1,
  moreSignatures: false,
  secret: '',
  merged: false,
  staked: false,
  flaw: null,
};
const order = (...locks: Partial<LockOrder>[]): Order => ({
  locks: locks.map((lock) => ({ ...LOCK, ...lock })),
  fee: 300_000n,
  agree: false,
  changeAt: 8,
  backwards: false,
  fundsFirst: true,
});

const questionOf = (transaction: PaperTransaction): Question => ({
  transaction: transactionBytes(transaction),
  resolved: resolvedOutputs(transaction),
});

/** The honest plan is accepted; what `spoil` makes of it is refused, by both evaluators. */
const spoiled = (name: string, honest: Order, spoil: (transaction: PaperTransaction, plan: Plan) => void): Attempt => ({
  name,
  run: async () => {
    for (const spoils of [false, true]) {
      const plan = planOf(honest, ESCROW);
      const transaction = transactionOf(plan, ESCROW);
      if (spoils) spoil(transaction, plan);
      const question = questionOf(transaction);
      await expectBoth(question, askScalus(question), !spoils);
    }
  },
});

const NOTHING_TO_SETTLE = encodeData(constr(0, []));

export const DELEGATE = spoiled('cannot delegate the stake of locks', order({}), ({ delegations }) => {
  delegations.push({ scriptHash: ESCROW.hash, redeemer: NOTHING_TO_SETTLE });
});

export const WITHDRAW = spoiled('cannot run the script by a withdrawal of nothing', order({}), ({ withdrawals, inputs }) => {
  // With the very list that settles the lock.
  const list = inputs.find(({ redeemer }) => redeemer !== undefined)?.redeemer ?? '';
  withdrawals.push({ scriptHash: ESCROW.hash, redeemer: list });
});

export const TAG_BY_HASH = spoiled("cannot tag a payout by its datum's hash", order({}), ({ outputs }) => {
  const payout = outputs.find(({ inlineDatum }) => inlineDatum !== undefined);
  if (payout?.inlineDatum === undefined) throw new TypeError('it is tagged');
  payout.datumHash = datumHash(payout.inlineDatum);
  delete payout.inlineDatum;
});

// --- two versions of the script ---

/** The same rules under another hash, as a later version of the script would have them. */
const OTHER_VERSION: PlutusScript = scriptFrom(tracedBlueprint, 'escrow.escrow.else');

/** Adds to both indices of the one entry that a plan's list holds. */
function shiftIndices(plan: Plan, by: bigint): void {
  const [lock] = plan.locks;
  const list = isConstructor(lock?.redeemer) ? lock.redeemer.fields[0] : undefined;
  const entry = Array.isArray(list) ? list[0] : undefined;
  if (!isConstructor(entry)) throw new TypeError('it settles one lock');
  entry.fields = entry.fields.map((field, index): Data => (index >= 2 && typeof field === 'bigint' ? field + by : field));
}

/** A lock of each version in one transaction, each with its own payouts, or the second pointing at those of the first. */
function twoVersions(shared: boolean): Question {
  const one = planOf(order({}), ESCROW);
  const other = planOf(order({ txId: 1 }), OTHER_VERSION);
  // Each plan ends with the submitter's own output.
  const payouts = one.outputs.slice(0, -1);
  if (!shared) shiftIndices(other, BigInt(payouts.length));
  const outputs = shared ? one.outputs : [...payouts, ...other.outputs];
  const [first, second] = [transactionOf(one, ESCROW), transactionOf(other, OTHER_VERSION)];
  return questionOf({
    ...first,
    inputs: [...first.inputs, ...second.inputs.filter(({ redeemer }) => redeemer !== undefined)],
    outputs,
    fee: 2n * first.fee,
    plutusScripts: [ESCROW.code, OTHER_VERSION.code],
  });
}

export const TWO_VERSIONS: Attempt = {
  name: 'cannot satisfy locks of two versions of the script with one payout',
  run: async () => {
    for (const shared of [false, true]) {
      const question = twoVersions(shared);
      await expectBoth(question, askScalus(question), !shared);
    }
  },
};

// --- locks that are too big ---

const unitsOf = (plan: Plan) => askScalus(questionOf(transactionOf(plan, ESCROW)));

export const BIG_DATUM: Attempt = {
  name: 'cannot make a settlement dear, or impossible, by a big datum',
  run: async () => {
    const plain = planOf(order({}), ESCROW);
    const big = planOf(order({}), ESCROW);
    for (const { datum } of big.locks) if (isConstructor(datum)) datum.fields = [...datum.fields.slice(0, 9), '55'.repeat(9_000), 1n, '66'];
    const question = questionOf(transactionOf(big, ESCROW));
    const answer = askScalus(question);
    await expectBoth(question, answer, true);
    // To the unit: what is not read costs nothing.
    expect(answer.units).toEqual(unitsOf(plain).units);
  },
};

const SIXTY_TOKENS = Array.from({ length: 60 }, (_, index) => ({
  policyId: index.toString(16).padStart(2, '0').repeat(28),
  assetName: '',
  quantity: 1n,
}));

export const STUFFED_LOCK: Attempt = {
  name: 'cannot carry off sixty tokens that lie in a lock, nor bury the lock with them',
  run: async () => {
    for (const by of ['oracles', 'owner'] as const) {
      const plan = planOf(order({ by }), ESCROW);
      for (const { output } of plan.locks) output.assets = [...output.assets, ...SIXTY_TOKENS];
      const question = questionOf(transactionOf(plan, ESCROW));
      await expectBoth(question, askScalus(question), by === 'owner');
    }
  },
};

export const UNPAYABLE_ADDRESS: Attempt = {
  name: 'cannot bury a lock with a payout address that no output can have',
  run: async () => {
    // A credential of 29 bytes, and a pointer as the stake part.
    for (const address of [
      constr(0, constr(0, 'aa'.repeat(29)), constr(1)),
      constr(0, constr(0, 'aa'.repeat(28)), constr(0, constr(1, 1n, 2n, 3n))),
    ]) {
      for (const by of ['oracles', 'owner'] as const) {
        const plan = planOf(order({ by }), ESCROW);
        for (const { datum } of plan.locks) if (isConstructor(datum)) datum.fields[1] = address;
        const question = questionOf(transactionOf(plan, ESCROW));
        expect(plan.validFromSlot).toBe(by === 'owner' ? RECLAIM_SLOT : undefined);
        await expectBoth(question, askScalus(question), by === 'owner');
      }
    }
  },
};

// --- signatures in another form ---

const GROUP_ORDER = ed25519.Point.Fn.ORDER;

/** The same signature with S + L for S, which a lax verifier takes for another one. */
function malleated(signature: string): string {
  const bytes = hexToBytes(signature);
  let scalar = 0n;
  for (const byte of bytes.slice(32).toReversed()) scalar = (scalar << 8n) | BigInt(byte);
  const other = (scalar + GROUP_ORDER).toString(16).padStart(64, '0');
  return bytesToHex(bytes.slice(0, 32)) + bytesToHex(hexToBytes(other).toReversed());
}

export const MALLEATED = spoiled(
  'cannot settle with an oracle signature that was made over in another form',
  order({}),
  (transaction, plan) => {
    for (const [index, { redeemer }] of plan.locks.entries()) {
      const list = isConstructor(redeemer) ? redeemer.fields[0] : undefined;
      const entry = Array.isArray(list) ? list[0] : undefined;
      const signatures = isConstructor(entry) ? entry.fields[1] : undefined;
      const pair = Array.isArray(signatures) ? signatures[0] : undefined;
      if (!Array.isArray(pair) || typeof pair[1] !== 'string') throw new TypeError('an oracle signed');
      pair[1] = malleated(pair[1]);
      const input = transaction.inputs[index];
      if (input !== undefined) input.redeemer = encodeData(redeemer);
    }
  },
);
