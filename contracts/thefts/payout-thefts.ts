// Thefts by where the money goes.
import { addressOf } from '../address.ts';
import { ESCROW, PARKING_ADDRESS } from '../script.ts';
import { FEE, honestSettle, LOCK_LOVELACE, PAID, PAYOUT_LOVELACE, SETTLE_LOVELACE, tagDatum, type Plan } from './plan.ts';
import { the, type Theft } from './theft.ts';

const ONLY_ASSET = 'nothing_but_ada_and_asset';
const FULL_ADDRESS = 'payout_goes_to_the_full_address';
const TAG = 'payout_carries_the_tag';
const OWED = 'payout_holds_what_is_owed';

/** honestSettle's order. */
const toServiceProvider = ({ payouts }: Plan) => the(payouts[0]);
const toComputeProvider = ({ payouts }: Plan) => the(payouts[1]);

/** One lock, settled at PAID; what differs is one field of the plan. */
const oneField = (name: string, twin: string, check: string, steal: Theft['steal']): Theft => ({
  name,
  twin,
  check,
  locks: () => [{}],
  honest: (scene) => honestSettle(scene),
  steal,
});

export const PAYOUT_THEFTS: Theft[] = [
  oneField("cannot pay the compute provider's share to a stranger", 'to the address of the datum', FULL_ADDRESS, (plan, { cast }) => {
    toComputeProvider(plan).address = cast.thief.address;
  }),
  oneField("cannot pay the service provider's change to a stranger", 'to the address of the datum', FULL_ADDRESS, (plan, { cast }) => {
    toServiceProvider(plan).address = cast.thief.address;
  }),
  oneField(
    "cannot pay to the right key under the thief's stake credential",
    'stake credential of the datum',
    FULL_ADDRESS,
    (plan, { cast }) => {
      toComputeProvider(plan).address = addressOf({
        payment: { kind: 'key', hash: cast.computeProvider.keyHash },
        stake: { kind: 'key', hash: cast.thief.stakeHash },
      });
    },
  ),
  oneField('cannot pay to the right key without its stake credential', 'stake credential of the datum', FULL_ADDRESS, (plan, { cast }) => {
    toServiceProvider(plan).address = addressOf({ payment: { kind: 'key', hash: cast.serviceProvider.keyHash } });
  }),
  oneField('cannot pay without a tag', 'tagged', TAG, (plan) => {
    delete toComputeProvider(plan).inlineDatum;
  }),
  {
    ...oneField('cannot pay with the tag of another lock', 'tag of the own reference', TAG, (plan, { locks }) => {
      toComputeProvider(plan).inlineDatum = tagDatum(the(locks[1]));
    }),
    locks: () => [{}, {}],
    honest: (scene) => honestSettle({ ...scene, locks: scene.locks.slice(0, 1) }),
  },
  oneField('cannot pay the compute provider a base unit less', 'exactly what the oracles signed', OWED, (plan, { cast }) => {
    toComputeProvider(plan).assets = [{ ...cast.asset, quantity: PAID - 1n }];
  }),
  oneField('cannot keep the change of the service provider', 'amount less paid', OWED, (plan) => {
    toServiceProvider(plan).assets = [];
  }),
  oneField('cannot pay in a worthless asset', 'in the asset of the datum', ONLY_ASSET, (plan, { cast }) => {
    toComputeProvider(plan).assets = [{ ...cast.dust, quantity: 10n }];
  }),
  oneField('cannot add a dust token to a payout', 'ADA and the asset', ONLY_ASSET, (plan, { cast }) => {
    toComputeProvider(plan).assets.push({ ...cast.dust, quantity: 1n });
  }),
  {
    name: 'cannot carry off a token that lies in the lock',
    twin: 'a lock of ADA and the asset',
    check: ONLY_ASSET,
    locks: ({ dust }) => [{}, { extraAssets: [{ ...dust, quantity: 5n }] }],
    honest: (scene) => honestSettle({ ...scene, locks: scene.locks.slice(0, 1) }),
    steal: (plan, scene) => {
      Object.assign(plan, honestSettle({ ...scene, locks: scene.locks.slice(1) }));
    },
  },
  oneField('cannot hang a reference script on a payout', 'none', 'payout_carries_no_reference_script', (plan) => {
    const payout = toComputeProvider(plan);
    payout.referenceScript = ESCROW.code;
    // Enough for the script's bytes, from the thief's own purse: the check under test is not the ledger's.
    payout.lovelace += 12_000_000n;
  }),
  oneField("cannot point at an output that is the submitter's change", "the compute provider's output", FULL_ADDRESS, ({ locks }) => {
    the(locks[0]).computeProviderOutput = 2;
  }),
  oneField('cannot point at an output that does not exist', "the compute provider's output", 'index_is_within_the_list', ({ locks }) => {
    the(locks[0]).computeProviderOutput = 3;
  }),
  oneField(
    'cannot skip the pay with an index below the first output',
    "the compute provider's output",
    'index_is_within_the_list',
    (plan) => {
      the(plan.locks[0]).computeProviderOutput = -1;
      plan.payouts.pop();
    },
  ),
  oneField(
    'cannot skip the change with an index below the first output',
    "the service provider's output",
    'index_is_within_the_list',
    ({ locks }) => {
      the(locks[0]).serviceProviderOutput = -1;
    },
  ),
  {
    name: 'cannot name an output for no pay',
    twin: 'index -1 when paid is 0',
    check: 'no_output_for_no_pay',
    locks: () => [{}],
    honest: (scene) => honestSettle(scene, 0n, LOCK_LOVELACE - FEE),
    steal: ({ locks }) => {
      the(locks[0]).computeProviderOutput = 0;
    },
  },
  {
    name: 'cannot pay both parties with one output when they share an address',
    twin: 'two outputs',
    check: 'two_different_outputs',
    locks: ({ serviceProvider: { address } }) => [{ datum: { computeProvider: address } }],
    honest: (scene) => honestSettle(scene),
    steal: (plan) => {
      the(plan.locks[0]).computeProviderOutput = 0;
      plan.payouts.pop();
    },
  },
  oneField(
    "cannot take more of the service provider's lovelace than settleLovelace",
    'exactly settleLovelace',
    'service_provider_keeps_its_lovelace',
    (plan) => {
      toServiceProvider(plan).lovelace -= 1n;
      toComputeProvider(plan).lovelace += 1n;
    },
  ),
  {
    name: 'cannot take settleLovelace where the fee is less',
    twin: 'exactly the fee',
    check: 'submitter_takes_no_more_than_the_fee',
    locks: () => [{}],
    honest: (scene) => honestSettle(scene, 0n, LOCK_LOVELACE - FEE),
    steal: (plan) => {
      toServiceProvider(plan).lovelace = LOCK_LOVELACE - SETTLE_LOVELACE;
    },
  },
  oneField(
    "cannot keep the ADA under the compute provider's payout",
    'the ADA goes with the pay',
    'submitter_takes_no_more_than_the_fee',
    (plan) => {
      toComputeProvider(plan).lovelace = PAYOUT_LOVELACE - 1n;
    },
  ),
  {
    name: 'cannot hold the settled money behind a parking output of the escrow',
    twin: 'to the address of the datum',
    check: FULL_ADDRESS,
    locks: () => [{}],
    honest: (scene) => honestSettle(scene),
    steal: (plan) => {
      toComputeProvider(plan).address = PARKING_ADDRESS;
    },
  },
];
