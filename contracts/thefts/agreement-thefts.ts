// Thefts by what the two parties of a lock did not sign.
import { closeBytes, settleBytes, voucherBytes } from '@nunet/shared/lock.ts';
import { newOracle } from './cast.ts';
import {
  agreement,
  AMOUNT,
  honestAgree,
  honestSettle,
  LOCK_LOVELACE,
  PAID,
  SETTLE_LOVELACE,
  type PlannedAgreement,
  type Plan,
} from './plan.ts';
import { the, type Theft } from './theft.ts';

const VOUCHER = 'voucher_is_signed_by_the_job_key';
const CLOSE = 'close_is_signed_by_the_close_key';
const SECRET = 'a5'.repeat(32);
const oneLock: Theft['locks'] = () => [{}];
const agreed = ({ locks }: Plan): PlannedAgreement => the(the(locks[0]).agreement);

/** One lock; what differs is one part of the agreement. */
const onePart = (name: string, twin: string, check: string, steal: Theft['steal'], secret: string | null = null): Theft => ({
  name,
  twin,
  check,
  locks: oneLock,
  honest: (scene) => honestAgree(scene, PAID, secret),
  steal,
});

export const AGREEMENT_THEFTS: Theft[] = [
  onePart('cannot agree with a forged voucher', 'the job key of the datum signs', VOUCHER, (plan) => {
    agreed(plan).voucher.signer = newOracle();
  }),
  onePart('cannot agree with a forged close', 'the close key of the datum signs', CLOSE, (plan) => {
    agreed(plan).close.signer = newOracle();
  }),
  onePart('cannot agree alone as the compute provider', 'the job key signs the voucher', VOUCHER, (plan, { cast }) => {
    agreed(plan).voucher.signer = cast.closeKey;
  }),
  onePart('cannot agree alone as the service provider', 'the close key signs the close', CLOSE, (plan, { cast }) => {
    agreed(plan).close.signer = cast.jobKey;
  }),
  onePart("cannot agree with an oracle's signatures", 'both parties sign', VOUCHER, (plan, { cast, locks }) => {
    const over = settleBytes(the(locks[0]).utxo.reference, PAID);
    Object.assign(agreed(plan), { voucher: { signer: cast.oracles[0], over }, close: { signer: cast.oracles[1], over } });
  }),
  onePart('cannot pay more than the voucher says', 'the voucher names this pay', VOUCHER, (plan, { locks }) => {
    agreed(plan).voucher.over = voucherBytes(the(locks[0]).utxo.reference, PAID - 1n);
  }),
  onePart('cannot pay less than the close says', 'the close names this pay', CLOSE, (plan, { locks }) => {
    agreed(plan).close.over = closeBytes(the(locks[0]).utxo.reference, PAID + 1n);
  }),
  onePart('cannot use a close for a voucher', 'signed over the voucher bytes', VOUCHER, (plan, { cast, locks }) => {
    agreed(plan).voucher = { signer: cast.jobKey, over: closeBytes(the(locks[0]).utxo.reference, PAID) };
  }),
  onePart('cannot use a voucher for a close', 'signed over the close bytes', CLOSE, (plan, { cast, locks }) => {
    agreed(plan).close = { signer: cast.closeKey, over: voucherBytes(the(locks[0]).utxo.reference, PAID) };
  }),
  {
    name: 'cannot use the voucher of another lock',
    twin: 'the voucher of this lock',
    check: VOUCHER,
    locks: () => [{}, {}],
    honest: (scene) => honestAgree({ ...scene, locks: scene.locks.slice(0, 1) }),
    steal: (plan, { locks }) => {
      agreed(plan).voucher.over = voucherBytes(the(locks[1]).utxo.reference, PAID);
    },
  },
  {
    name: 'cannot use the close of another lock',
    twin: 'the close of this lock',
    check: CLOSE,
    locks: () => [{}, {}],
    honest: (scene) => honestAgree({ ...scene, locks: scene.locks.slice(0, 1) }),
    steal: (plan, { locks }) => {
      agreed(plan).close.over = closeBytes(the(locks[1]).utxo.reference, PAID);
    },
  },
  onePart(
    'cannot take the pay of a sealed delivery without its key',
    'the key that the voucher names is revealed',
    VOUCHER,
    (plan) => {
      agreed(plan).secret = null;
    },
    SECRET,
  ),
  onePart(
    'cannot reveal another key than the voucher names',
    'the key that the voucher names is revealed',
    VOUCHER,
    (plan) => {
      agreed(plan).secret = '5a'.repeat(32);
    },
    SECRET,
  ),
  {
    name: 'cannot agree on more than the lock holds',
    twin: 'all that it holds',
    check: 'paid_is_within_the_amount',
    locks: oneLock,
    honest: (scene) => honestAgree(scene, AMOUNT),
    steal: (plan, scene) => {
      Object.assign(plan, honestAgree(scene, AMOUNT + 1n));
      the(plan.payouts[0]).assets = [];
    },
  },
  {
    name: "cannot keep the service provider's change by an agreement",
    twin: 'it gets the rest',
    check: 'payout_holds_what_is_owed',
    locks: oneLock,
    honest: (scene) => honestAgree(scene),
    steal: (plan) => {
      const asset = the(the(plan.payouts[0]).assets[0]);
      the(plan.payouts[0]).assets = [{ ...asset, quantity: asset.quantity - 1n }];
    },
  },
  {
    name: "cannot take the service provider's lovelace by an agreement",
    twin: 'all but settleLovelace comes back',
    check: 'service_provider_keeps_its_lovelace',
    locks: oneLock,
    honest: (scene) => honestAgree(scene),
    steal: (plan) => {
      the(plan.payouts[0]).lovelace = LOCK_LOVELACE - SETTLE_LOVELACE - 1n;
    },
  },
  {
    name: 'cannot settle an attested lock with the agreement of the lock beside it',
    twin: 'one by its oracles, one by its parties',
    check: 'at_least_k_oracles_signed',
    locks: () => [{}, {}],
    honest: (scene) => {
      const plan = honestSettle(scene, PAID, LOCK_LOVELACE - SETTLE_LOVELACE + 300_000n);
      const second = the(plan.locks[1]);
      second.agreement = agreement(scene.cast, second.utxo.reference, PAID);
      return plan;
    },
    steal: ({ locks }) => {
      the(locks[0]).signatures = [];
    },
  },
];
