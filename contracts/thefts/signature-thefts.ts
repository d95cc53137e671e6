// Thefts by what oracles did not sign.
import { closeBytes, settleBytes } from '@nunet/shared/lock.ts';
import { newOracle } from './cast.ts';
import { AMOUNT, honestSettle, PAID, sign } from './plan.ts';
import { the, type Theft } from './theft.ts';

const GENUINE = 'oracle_signature_is_genuine';
const oneLock: Theft['locks'] = () => [{}];

export const SIGNATURE_THEFTS: Theft[] = [
  {
    name: 'cannot settle with a forged oracle signature',
    twin: 'the key of the datum signs',
    check: GENUINE,
    locks: oneLock,
    honest: (scene) => honestSettle(scene),
    steal: ({ locks }) => {
      the(locks[0]?.signatures[1]).signer = newOracle();
    },
  },
  {
    name: "cannot settle with an oracle's signature over another kind of message",
    twin: 'signed over the settle bytes',
    check: GENUINE,
    locks: oneLock,
    honest: (scene) => honestSettle(scene),
    steal: ({ locks }) => {
      const lock = the(locks[0]);
      the(lock.signatures[0]).over = closeBytes(lock.utxo.reference, lock.paid);
    },
  },
  {
    name: 'cannot settle with fewer than k signatures',
    twin: 'k signatures',
    check: 'at_least_k_oracles_signed',
    locks: oneLock,
    honest: (scene) => honestSettle(scene),
    steal: ({ locks }) => {
      the(locks[0]).signatures.pop();
    },
  },
  {
    name: 'cannot settle a lock that asks for no signature at all',
    twin: 'a lock with k = 1, one signature',
    check: 'at_least_k_oracles_signed',
    locks: () => [{ datum: { k: 1 } }, { datum: { k: 0 } }],
    honest: (scene) => {
      const plan = honestSettle({ ...scene, locks: scene.locks.slice(0, 1) });
      the(plan.locks[0]).signatures.pop();
      return plan;
    },
    steal: (plan, scene) => {
      const stolen = honestSettle({ ...scene, locks: scene.locks.slice(1) });
      the(stolen.locks[0]).signatures = [];
      Object.assign(plan, stolen);
    },
  },
  {
    name: 'cannot count the same signature twice',
    twin: 'a second oracle signs',
    check: 'index_is_within_the_list',
    locks: oneLock,
    honest: (scene) => honestSettle(scene),
    steal: ({ locks }) => {
      const { signatures } = the(locks[0]);
      signatures[1] = the(signatures[0]);
    },
  },
  {
    name: 'cannot count one key twice that the datum lists twice',
    twin: 'the other key signs as the second',
    check: 'oracle_keys_are_distinct',
    locks: ({ oracles: [a, , c] }) => [{ datum: { oracleKeys: [a.publicKey, a.publicKey, c.publicKey] } }],
    honest: (scene) => honestSettle(scene),
    steal: ({ locks }, { cast }) => {
      const lock = the(locks[0]);
      lock.signatures[1] = sign(1, cast.oracles[0], settleBytes(lock.utxo.reference, lock.paid));
    },
  },
  {
    name: 'cannot settle with signatures out of order',
    twin: 'positions ascending',
    check: 'index_is_within_the_list',
    locks: oneLock,
    honest: (scene) => honestSettle(scene),
    steal: ({ locks }) => {
      the(locks[0]).signatures.reverse();
    },
  },
  {
    name: 'cannot sign as an oracle that the datum does not list',
    twin: 'position 2 of 0 to 2',
    check: 'index_is_within_the_list',
    locks: oneLock,
    honest: (scene) => honestSettle(scene),
    steal: ({ locks }) => {
      the(locks[0]?.signatures[1]).keyIndex = 3;
    },
  },
  {
    name: 'cannot pay more than the oracles signed',
    twin: 'the signed amount is paid',
    check: GENUINE,
    locks: oneLock,
    honest: (scene) => honestSettle(scene),
    steal: (plan, scene) => {
      const { signatures } = the(plan.locks[0]);
      Object.assign(plan, honestSettle(scene, PAID + 1n));
      the(plan.locks[0]).signatures = signatures;
    },
  },
  {
    name: 'cannot replay signatures on another lock of the same two parties',
    twin: 'signed over the own output reference',
    check: GENUINE,
    locks: () => [{}, {}],
    honest: (scene) => honestSettle({ ...scene, locks: scene.locks.slice(0, 1) }),
    steal: (plan, { locks }) => {
      for (const signature of the(plan.locks[0]).signatures) signature.over = settleBytes(the(locks[1]).utxo.reference, PAID);
    },
  },
  {
    name: 'cannot pay more than the lock holds, even when the oracles sign it',
    twin: 'all that it holds',
    check: 'paid_is_within_the_amount',
    locks: oneLock,
    honest: (scene) => honestSettle(scene, AMOUNT),
    steal: (plan, scene) => {
      Object.assign(plan, honestSettle(scene, AMOUNT + 1n));
      the(plan.payouts[0]).assets = [];
    },
  },
  {
    name: 'cannot pay a negative amount',
    twin: 'paid is 0',
    check: 'IntegerToByteString',
    builtin: true,
    locks: oneLock,
    honest: (scene) => honestSettle(scene, 0n, 4_400_000n),
    steal: (plan) => {
      the(plan.locks[0]).paid = -1n;
    },
  },
];
