// Thefts by settling several locks at once.
import { FEE, honestSettle, LOCK_LOVELACE, NO_SETTLEMENTS, PAID, passOver, settlementsOf, tagDatum, type Plan } from './plan.ts';
import { RECLAIM_REDEEMER } from '../redeemer.ts';
import { the, type Theft } from './theft.ts';

const EVERY_LOCK = 'every_lock_has_a_settlement';
const twoLocks: Theft['locks'] = () => [{}, {}];

/** Both locks pay the same two outputs, which hold the sum and carry the tag of both. */
function merge(plan: Plan): void {
  const [back, pay, backToo, payToo] = plan.payouts.map((payout) => the(payout));
  const inlineDatum = tagDatum(...plan.locks);
  plan.payouts = [
    [back, backToo],
    [pay, payToo],
  ].map((pair) => {
    const [one, two] = [the(pair[0]), the(pair[1])];
    const asset = the(one.assets[0]);
    return {
      ...one,
      lovelace: one.lovelace + two.lovelace,
      assets: [{ ...asset, quantity: asset.quantity + the(two.assets[0]).quantity }],
      inlineDatum,
    };
  });
  for (const lock of plan.locks) Object.assign(lock, { serviceProviderOutput: 0, computeProviderOutput: 1 });
}

/** Each lock gives the fee's half, so that together they stand at the limit. */
function honestPair(scene: Parameters<Theft['honest']>[0]): Plan {
  const plan = honestSettle(scene);
  for (const index of [0, 2]) the(plan.payouts[index]).lovelace += FEE / 2n;
  return plan;
}

/** The thief's own lock is reclaimed in the transaction that settles the other one. */
function besideReclaim(scene: Parameters<Theft['honest']>[0]): Plan {
  const own = scene.locks.findIndex(({ datum }) => datum.serviceProvider === scene.cast.thief.address);
  const plan = honestSettle(scene);
  // Its payouts stay out of the transaction; the other lock's come first.
  plan.payouts.splice(2 * own, 2);
  for (const lock of plan.locks) Object.assign(lock, { serviceProviderOutput: 0, computeProviderOutput: 1 });
  passOver(plan, scene, [the(plan.locks[own])]);
  return plan;
}

export const BATCH_THEFTS: Theft[] = [
  {
    name: 'cannot satisfy two locks with the payouts of one',
    twin: 'each lock has its own',
    check: 'payout_carries_the_tag',
    locks: twoLocks,
    honest: honestPair,
    steal: (plan) => {
      Object.assign(the(plan.locks[1]), { serviceProviderOutput: 0, computeProviderOutput: 1 });
      plan.payouts.splice(2);
    },
  },
  {
    name: "cannot satisfy two locks with a common payout of one lock's money",
    twin: 'a common payout of the sum',
    check: 'payout_holds_what_is_owed',
    locks: twoLocks,
    honest: (scene) => {
      const plan = honestPair(scene);
      merge(plan);
      return plan;
    },
    steal: (plan, { cast }) => {
      the(plan.payouts[1]).assets = [{ ...cast.asset, quantity: PAID }];
    },
  },
  {
    name: 'cannot tag a common payout in another order',
    twin: 'references in input order',
    check: 'payout_carries_the_tag',
    locks: twoLocks,
    honest: (scene) => {
      const plan = honestPair(scene);
      merge(plan);
      return plan;
    },
    steal: (plan) => {
      the(plan.payouts[0]).inlineDatum = tagDatum(...plan.locks.toReversed());
    },
  },
  {
    name: 'cannot pay two people with one output',
    twin: 'each person has an output',
    check: 'one_output_pays_one_address_in_one_asset',
    locks: ({ computeProvider }) => [{}, { datum: { serviceProvider: computeProvider.address } }],
    honest: honestPair,
    steal: (plan) => {
      the(plan.locks[1]).serviceProviderOutput = 0;
    },
  },
  {
    name: 'cannot pay two assets with one output',
    twin: 'each asset has an output',
    check: 'one_output_pays_one_address_in_one_asset',
    locks: ({ dust }) => [{}, { datum: { asset: dust }, quantity: PAID + 1n }],
    honest: honestPair,
    steal: (plan) => {
      the(plan.locks[1]).serviceProviderOutput = 0;
    },
  },
  {
    name: 'cannot leave a lock out of the batch',
    twin: 'one settlement a lock',
    check: EVERY_LOCK,
    locks: twoLocks,
    honest: honestPair,
    steal: (plan) => {
      plan.redeemers = (locks) => [settlementsOf(locks.slice(0, 1)), NO_SETTLEMENTS];
      plan.payouts.splice(2);
    },
  },
  {
    name: 'cannot hide a lock from the batch behind a stake credential',
    twin: 'one settlement a lock',
    check: EVERY_LOCK,
    locks: () => [{}, { staked: true }],
    honest: honestPair,
    steal: (plan) => {
      plan.redeemers = (locks) => [settlementsOf(locks.slice(0, 1)), NO_SETTLEMENTS];
      plan.payouts.splice(2);
    },
  },
  {
    name: 'cannot list more settlements than locks',
    twin: 'one settlement a lock',
    check: 'one_settlement_a_lock',
    locks: twoLocks,
    honest: honestPair,
    steal: (plan) => {
      plan.redeemers = (locks) => [settlementsOf([...locks, the(locks[0])]), NO_SETTLEMENTS];
    },
  },
  {
    name: 'cannot settle a lock without a settlement',
    twin: 'its settlement is listed',
    check: 'first_lock_settles_the_batch',
    locks: () => [{}],
    honest: (scene) => honestSettle(scene),
    steal: (plan) => {
      plan.redeemers = () => [NO_SETTLEMENTS];
      plan.payouts = [];
    },
  },
  {
    name: "cannot ride on the thief's own lock that is reclaimed",
    twin: 'it is reclaimed beside a batch that is settled',
    check: 'first_lock_settles_the_batch',
    locks: ({ thief }) => [{ datum: { serviceProvider: thief.address } }, {}],
    honest: besideReclaim,
    steal: (plan) => {
      plan.redeemers = () => [RECLAIM_REDEEMER, NO_SETTLEMENTS];
      plan.payouts = [];
    },
  },
  {
    name: 'cannot pass over a lock that is not reclaimed',
    twin: "the lock that is passed over is the thief's own, and reclaimed",
    check: 'lock_passed_over_is_reclaimed',
    locks: ({ thief }) => [{ datum: { serviceProvider: thief.address } }, {}],
    honest: besideReclaim,
    steal: (plan) => {
      const redeemers = the(plan.redeemers);
      plan.redeemers = (locks) => {
        const list = the(redeemers(locks)[1]);
        return [list, list];
      };
    },
  },
  {
    name: 'cannot reclaim a lock that the batch pays too',
    twin: 'what is reclaimed is passed over',
    check: EVERY_LOCK,
    locks: ({ thief }) => [{}, { datum: { serviceProvider: thief.address } }],
    honest: besideReclaim,
    steal: (plan) => {
      plan.redeemers = (locks) => [settlementsOf(locks.slice(0, 1)), RECLAIM_REDEEMER];
    },
  },
  {
    name: 'cannot take the fee out of every lock of a batch',
    twin: 'the fee once, over all locks',
    check: 'submitter_takes_no_more_than_the_fee',
    locks: twoLocks,
    honest: (scene) => {
      const plan = honestSettle(scene, 0n, LOCK_LOVELACE - FEE);
      the(plan.payouts[1]).lovelace = LOCK_LOVELACE;
      return plan;
    },
    steal: (plan) => {
      the(plan.payouts[1]).lovelace = LOCK_LOVELACE - FEE;
    },
  },
];
