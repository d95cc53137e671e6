// Thefts that the mutants asked for: each needs exactly one condition of the validator, and none of the others catches it.
import { constructor, encodePlutusData } from '../plutus-data.ts';
import { AGREE, batchRedeemer, payoutTag, RECLAIM_REDEEMER } from '../redeemer.ts';
import {
  AMOUNT,
  entriesOf,
  FEE,
  honestSettle,
  LOCK_LOVELACE,
  NO_SETTLEMENTS,
  PAID,
  PAYOUT_LOVELACE,
  SETTLE_LOVELACE,
  settlementsOf,
  tagDatum,
  twoOracles,
  type Plan,
  type Scene,
} from './plan.ts';
import { the, type Theft } from './theft.ts';

const BACK = LOCK_LOVELACE - SETTLE_LOVELACE;
const ONE_ADDRESS = 'one_output_pays_one_address_in_one_asset';

/** Two locks of the same parties, paid by two outputs that hold the sums, tagged with both. */
function pooled({ cast, locks }: Scene, pays: [bigint, bigint]): Plan {
  const paid = pays[0] + pays[1];
  const inlineDatum = tagDatum(...locks);
  const common = { inlineDatum, address: cast.serviceProvider.address };
  return {
    locks: locks.map((lock, index) => ({
      ...lock,
      paid: the(pays[index]),
      signatures: twoOracles(cast, lock.utxo.reference, the(pays[index])),
      serviceProviderOutput: 0,
      computeProviderOutput: 1,
    })),
    payouts: [
      { ...common, lovelace: 2n * BACK + FEE, assets: [{ ...cast.asset, quantity: 2n * AMOUNT - paid }] },
      { ...common, address: cast.computeProvider.address, lovelace: 2n * PAYOUT_LOVELACE, assets: [{ ...cast.asset, quantity: paid }] },
    ],
    fee: FEE,
    extraInputs: [],
    nativeScripts: [],
    signers: [],
    secrets: [],
  };
}

/** Both locks settled apart; they give the fee's half each. */
function apart(scene: Scene): Plan {
  const plan = honestSettle(scene);
  for (const index of [0, 2]) the(plan.payouts[index]).lovelace += FEE / 2n;
  return plan;
}

/** The change of both locks in the first lock's output, tagged for both; the second lock's own output goes. */
function joinChange(plan: Plan): void {
  const [first, , second] = plan.payouts.map((payout) => the(payout));
  const [held, more] = [the(the(first).assets[0]), the(the(second).assets[0])];
  Object.assign(the(first), {
    lovelace: the(first).lovelace + the(second).lovelace,
    assets: [{ ...held, quantity: held.quantity + more.quantity }],
    inlineDatum: tagDatum(...plan.locks),
  });
  Object.assign(the(plan.locks[1]), { serviceProviderOutput: 0, computeProviderOutput: 2 });
  plan.payouts.splice(2, 1);
}

/** The thief reclaims its own lock, the first, and refunds the other one with nobody's leave; the list passes the own one over. */
function refundBeside(scene: Scene): Plan {
  const [own, other] = scene.locks;
  const plan = honestSettle({ ...scene, locks: [the(other)] }, 0n, LOCK_LOVELACE - FEE);
  plan.locks.unshift({ ...the(own), paid: 0n, signatures: [], reclaimed: true, computeProviderOutput: -1, serviceProviderOutput: 0 });
  plan.redeemers = (locks) => [RECLAIM_REDEEMER, settlementsOf(locks)];
  plan.signers = [scene.cast.thief.keyHash];
  plan.validFromSlot = scene.slot;
  return plan;
}

/** A lock of the thief's before a lock of somebody else's. */
const ownLockFirst: Theft['locks'] = ({ thief }) => [{ datum: { serviceProvider: thief.address } }, {}];

export const EXTRA_THEFTS: Theft[] = [
  {
    name: 'cannot pay more than a lock holds out of the change of the lock beside it',
    twin: 'each lock pays from what it holds',
    check: 'paid_is_within_the_amount',
    locks: () => [{}, {}],
    honest: (scene) => pooled(scene, [AMOUNT, PAID]),
    steal: (plan, scene) => {
      Object.assign(plan, pooled(scene, [AMOUNT + 1n, PAID]));
    },
  },
  {
    name: 'cannot pay both parties with one output that is tagged twice',
    twin: 'two outputs',
    check: 'two_different_outputs',
    locks: ({ serviceProvider: { address } }) => [{ datum: { computeProvider: address } }],
    honest: (scene) => honestSettle(scene),
    steal: (plan, { cast }) => {
      const { reference } = the(plan.locks[0]).utxo;
      const [back, pay] = [the(plan.payouts[0]), the(plan.payouts[1])];
      the(plan.locks[0]).computeProviderOutput = 0;
      plan.payouts = [
        {
          ...back,
          lovelace: back.lovelace + pay.lovelace,
          assets: [{ ...cast.asset, quantity: AMOUNT }],
          inlineDatum: encodePlutusData(payoutTag([reference, reference])),
        },
      ];
    },
  },
  {
    name: "cannot take somebody's change into a common payout of one's own",
    twin: 'each service provider has an output',
    check: ONE_ADDRESS,
    locks: ownLockFirst,
    honest: apart,
    steal: joinChange,
  },
  {
    name: "cannot give change in another lock's worthless asset",
    twin: 'each asset has an output',
    check: ONE_ADDRESS,
    locks: ({ dust }) => [{ datum: { asset: dust }, quantity: PAID + 1n }, { quantity: PAID + 1n }],
    honest: apart,
    steal: joinChange,
  },
  {
    name: 'cannot take more than settleLovelace of each lock through a common payout',
    twin: 'all but the fee comes back',
    check: 'service_provider_keeps_its_lovelace',
    locks: () => [{}, {}],
    honest: (scene) => pooled(scene, [PAID, PAID]),
    steal: (plan) => {
      the(plan.payouts[0]).lovelace = 2n * BACK - 1n;
      // What is missing is with the compute provider, so that no more than the fee leaves.
      the(plan.payouts[1]).lovelace += FEE + 1n;
    },
  },
  {
    name: 'cannot pay two locks with what one of them owes, in outputs that are tagged with both',
    twin: 'outputs of the sums',
    check: 'payout_holds_what_is_owed',
    locks: () => [{}, {}],
    honest: (scene) => pooled(scene, [PAID, PAID]),
    steal: (plan, { cast }) => {
      the(plan.payouts[0]).assets = [{ ...cast.asset, quantity: AMOUNT - PAID }];
      the(plan.payouts[1]).assets = [{ ...cast.asset, quantity: PAID }];
    },
  },
  {
    name: 'cannot tag a common payout for one of its locks alone',
    twin: 'tagged for both',
    check: 'payout_carries_the_tag',
    locks: () => [{}, {}],
    honest: (scene) => pooled(scene, [PAID, PAID]),
    steal: (plan) => {
      for (const payout of plan.payouts) payout.inlineDatum = tagDatum(the(plan.locks[0]));
    },
  },
  {
    name: 'cannot pass over a lock that is agreed elsewhere',
    twin: "the lock that is passed over is the thief's own, and reclaimed",
    check: 'lock_passed_over_is_reclaimed',
    locks: ownLockFirst,
    honest: refundBeside,
    steal: (plan) => {
      plan.redeemers = (locks) => {
        const list = batchRedeemer(AGREE, entriesOf(locks));
        return [list, list];
      };
    },
  },
  {
    name: 'cannot ride on an own lock whose redeemer no rule knows',
    twin: 'it is reclaimed by the redeemer for that, beside a batch that is settled',
    check: 'first_lock_settles_the_batch',
    locks: ownLockFirst,
    honest: refundBeside,
    steal: (plan) => {
      plan.redeemers = () => [encodePlutusData(constructor(3)), NO_SETTLEMENTS];
      plan.payouts = [];
    },
  },
  {
    name: 'cannot settle by a decision that no rule knows',
    twin: 'k oracles decide the same',
    check: 'lock_is_decided',
    locks: () => [{}],
    honest: (scene) => honestSettle(scene, 0n, LOCK_LOVELACE - FEE),
    steal: (plan) => {
      plan.redeemers = () => [encodePlutusData(constructor(0, [constructor(3)]))];
    },
  },
];
