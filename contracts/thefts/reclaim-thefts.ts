// Thefts by reclaiming, and the malformed locks that stay reclaimable.
import { blake2b } from '@noble/hashes/blake2.js';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import { addressOf } from '../address.ts';
import { addressData } from '../address-data.ts';
import { constructor, encodePlutusData, type PlutusData } from '../plutus-data.ts';
import type { Cast } from './cast.ts';
import { honestReclaim } from './plan.ts';
import type { Theft } from './theft.ts';

const TIME = 'reclaim_time_has_come';
const AGREES = 'service_provider_agrees';

/** One lock; what differs is one field of the plan. */
const oneField = (name: string, twin: string, check: string, steal: Theft['steal']): Theft => ({
  name,
  twin,
  check,
  locks: () => [{}],
  honest: honestReclaim,
  steal,
});

/** Somebody else signs in the service provider's place. */
const signedBy = (name: string, who: (cast: Cast) => { keyHash: string; secret: string }): Theft =>
  oneField(name, "the service provider's payment key signs", AGREES, (plan, { cast }) => {
    const { keyHash, secret } = who(cast);
    plan.signers = [keyHash];
    plan.secrets = [secret];
  });

/** Owner and time where Reclaim reads them, `rest` for everything else. */
const malformed = ({ serviceProvider }: Cast, reclaimAfter: number, rest: PlutusData): string =>
  encodePlutusData(constructor(0, addressData(serviceProvider.address), ...Array<PlutusData>(6).fill(rest), BigInt(reclaimAfter)));

/** A script that wants one key to sign: CBOR of the native script, as the ledger hashes it. */
const nativeScript = (keyHash: string): Uint8Array => concatBytes(hexToBytes('8200581c'), hexToBytes(keyHash));
const nativeHash = (keyHash: string): string => bytesToHex(blake2b(concatBytes(Uint8Array.of(0), nativeScript(keyHash)), { dkLen: 28 }));
const nativeAddress = (keyHash: string): string => addressOf({ payment: { kind: 'script', hash: nativeHash(keyHash) } });

const FAR_SLOTS = 10_000;

export const RECLAIM_THEFTS: Theft[] = [
  {
    ...oneField('cannot reclaim early', 'from the slot of reclaimAfter on', TIME, (plan, { opensAtSlot }) => {
      plan.validFromSlot = opensAtSlot - 1;
    }),
    honest: (scene) => ({ ...honestReclaim(scene), validFromSlot: scene.opensAtSlot }),
  },
  {
    name: 'cannot reclaim early by lying about the time',
    twin: 'a lock whose time has come',
    check: 'OutsideValidityIntervalUTxO',
    ledgerRule: true,
    locks: (_, reclaimAfter) => [{}, { datum: { reclaimAfter: reclaimAfter + FAR_SLOTS * 1_000 } }],
    honest: (scene) => honestReclaim({ ...scene, locks: scene.locks.slice(0, 1) }),
    steal: (plan, scene) => {
      Object.assign(plan, honestReclaim({ ...scene, locks: scene.locks.slice(1) }), { validFromSlot: scene.opensAtSlot + FAR_SLOTS });
    },
  },
  oneField('cannot reclaim without a lower bound', 'a finite lower bound', TIME, (plan) => {
    delete plan.validFromSlot;
  }),
  oneField('cannot reclaim when nobody signs', 'the service provider signs', AGREES, (plan) => {
    plan.signers = [];
    plan.secrets = [];
  }),
  signedBy('cannot reclaim as a stranger', ({ thief }) => thief),
  signedBy('cannot reclaim as the compute provider', ({ computeProvider }) => computeProvider),
  signedBy("cannot reclaim with the service provider's stake key", ({ serviceProvider }) => ({
    keyHash: serviceProvider.stakeHash,
    secret: serviceProvider.stakeSecret,
  })),
  {
    ...signedBy('cannot bury or steal a lock with a malformed datum', ({ thief }) => thief),
    twin: 'the service provider reclaims it, whatever the other fields hold',
    locks: (cast, reclaimAfter) => [0n, '', [], [constructor(6)]].map((rest) => ({ rawDatum: malformed(cast, reclaimAfter, rest) })),
  },
  {
    name: 'cannot reclaim from a script that does not agree, even with a signature of its owner',
    twin: 'the script lets an output of its own be spent beside it',
    check: AGREES,
    locks: ({ serviceProvider }) => [{ datum: { serviceProvider: nativeAddress(serviceProvider.keyHash) } }],
    others: ({ serviceProvider }) => [{ address: nativeAddress(serviceProvider.keyHash), lovelace: 2_000_000n, assets: [] }],
    honest: (scene) => ({
      ...honestReclaim(scene),
      extraInputs: scene.others,
      nativeScripts: [nativeScript(scene.cast.serviceProvider.keyHash)],
    }),
    steal: (plan) => {
      Object.assign(plan, { extraInputs: [], nativeScripts: [] });
    },
  },
];
