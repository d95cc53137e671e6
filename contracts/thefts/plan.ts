// A transaction as a thief would write it: every part of it can be changed before it is signed.
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { OutputReference } from '@nunet/shared/fields.ts';
import { keyHashOf } from '@nunet/shared/agreement.ts';
import { closeBytes, settleBytes, voucherBytes, type EscrowDatum } from '@nunet/shared/lock.ts';
import { asArray, asMap, cborArray, cborInt, cborMap, readCbor, type CborItem } from '../chain/cbor.ts';
import type { AssetQuantity, ProtocolParameters, Utxo } from '../chain/chain.ts';
import { serialize, type PlannedInput } from '../draft.ts';
import { encodePlutusData } from '../plutus-data.ts';
import { AGREE, batchRedeemer, byInputOrder, NO_OUTPUT, payoutTag, RECLAIM_REDEEMER, SETTLE, type Settlement } from '../redeemer.ts';
import type { PlutusScript } from '../script.ts';
import { signTransaction } from '../sign.ts';
import { difference, type Output, type Value } from '../value.ts';
import type { Cast, Oracle } from './cast.ts';

/** What one theft and its twin play with: the same for the script that runs and for its traced double. */
export interface Scene {
  cast: Cast;
  script: PlutusScript;
  scriptAt: Utxo;
  /** Made for this theft, in input order. */
  locks: SceneLock[];
  /** Further outputs that the theft asked for. */
  others: Utxo[];
  /** The thief's: ADA, the asset and dust to spend, and collateral. */
  funds: Utxo;
  collateral: Utxo;
  parameters: ProtocolParameters;
  /** Slot of the next block. */
  slot: number;
  /** First slot in which the locks may be reclaimed, unless a lock was ordered otherwise. */
  opensAtSlot: number;
}

export interface SceneLock {
  utxo: Utxo;
  datum: EscrowDatum;
}

export interface PlannedSignature {
  keyIndex: number;
  signer: Oracle;
  over: Uint8Array;
}

/** What both parties of a lock sign, in place of oracles. */
export interface PlannedAgreement {
  voucher: { signer: Oracle; over: Uint8Array };
  close: { signer: Oracle; over: Uint8Array };
  secret: string | null;
}

export interface PlannedLock extends SceneLock {
  paid: bigint;
  signatures: PlannedSignature[];
  agreement?: PlannedAgreement;
  /** The list passes it over. */
  reclaimed?: true;
  computeProviderOutput: number;
  serviceProviderOutput: number;
}

export interface Plan {
  locks: PlannedLock[];
  payouts: Output[];
  /** Redeemer of each lock's input, CBOR hex; by default the first settles all. */
  redeemers?: (locks: PlannedLock[]) => string[];
  fee: bigint;
  extraInputs: Utxo[];
  /** CBOR of those that the extra inputs need. */
  nativeScripts: Uint8Array[];
  /** Key hashes that the transaction shows to the script. */
  signers: string[];
  /** Secrets beside the thief's. */
  secrets: string[];
  validFromSlot?: number;
}

/** More than any transaction here needs. */
export const FEE = 600_000n;
/** Lovelace under a compute provider's payout. */
export const PAYOUT_LOVELACE = 1_700_000n;
/** Exactly the two above, so that an honest settlement stands at the limit of every rule. */
export const SETTLE_LOVELACE = FEE + PAYOUT_LOVELACE;
export const LOCK_LOVELACE = 5_000_000n;
export const AMOUNT = 5_000_000n;
export const PAID = 3_000_000n;

/** The datum of a lock as an honest service provider would have it. */
export const honestDatum = (cast: Cast, reclaimAfter: number): EscrowDatum => ({
  serviceProvider: cast.serviceProvider.address,
  computeProvider: cast.computeProvider.address,
  voucherKey: cast.jobKey.publicKey,
  closeKey: cast.closeKey.publicKey,
  oracleKeys: cast.oracles.map(({ publicKey }) => publicKey),
  k: 2,
  asset: cast.asset,
  reclaimAfter,
  settleLovelace: SETTLE_LOVELACE,
  quoteHash: '11'.repeat(32),
});

const UNITS = { memory: 1_000_000n, steps: 900_000_000n };
const LATER_UNITS = { memory: 200_000n, steps: 100_000_000n };

export const tagDatum = (...locks: SceneLock[]): string => encodePlutusData(payoutTag(locks.map(({ utxo }) => utxo.reference)));

export const sign = (keyIndex: number, signer: Oracle, over: Uint8Array): PlannedSignature => ({ keyIndex, signer, over });

export const twoOracles = ({ oracles }: Cast, reference: OutputReference, paid: bigint): PlannedSignature[] => [
  sign(0, oracles[0], settleBytes(reference, paid)),
  sign(2, oracles[2], settleBytes(reference, paid)),
];

const only = (asset: AssetQuantity): AssetQuantity[] => (asset.quantity === 0n ? [] : [asset]);

/** Settles each lock as the rules want it, at `paid` each, every payout an output of its own. */
export function honestSettle({ cast, locks }: Scene, paid = PAID, lovelaceBack = LOCK_LOVELACE - SETTLE_LOVELACE): Plan {
  const plan: Plan = { locks: [], payouts: [], fee: FEE, extraInputs: [], nativeScripts: [], signers: [], secrets: [] };
  for (const lock of locks) {
    const amount = lock.utxo.assets.find(({ policyId }) => policyId === lock.datum.asset.policyId)?.quantity ?? 0n;
    const inlineDatum = tagDatum(lock);
    const first = plan.payouts.length;
    const { serviceProvider, computeProvider, asset } = lock.datum;
    plan.payouts.push({
      address: serviceProvider,
      lovelace: lovelaceBack,
      assets: only({ ...asset, quantity: amount - paid }),
      inlineDatum,
    });
    if (paid !== 0n) {
      plan.payouts.push({ address: computeProvider, lovelace: PAYOUT_LOVELACE, assets: only({ ...asset, quantity: paid }), inlineDatum });
    }
    plan.locks.push({
      ...lock,
      paid,
      signatures: twoOracles(cast, lock.utxo.reference, paid > 0n ? paid : 0n),
      serviceProviderOutput: first,
      computeProviderOutput: paid === 0n ? NO_OUTPUT : first + 1,
    });
  }
  return plan;
}

/** The service provider takes every lock back. */
export function honestReclaim({ cast, locks, slot }: Scene): Plan {
  return {
    locks: locks.map((lock) => ({ ...lock, paid: 0n, signatures: [], computeProviderOutput: NO_OUTPUT, serviceProviderOutput: 0 })),
    payouts: [
      {
        address: cast.serviceProvider.address,
        ...difference(
          locks.map(({ utxo }) => utxo),
          [],
        ),
      },
    ],
    redeemers: (all) => all.map(() => RECLAIM_REDEEMER),
    fee: FEE,
    extraInputs: [],
    nativeScripts: [],
    signers: [cast.serviceProvider.keyHash],
    secrets: [cast.serviceProvider.secret],
    validFromSlot: slot,
  };
}

/** The same, each lock by its two parties. */
export function honestAgree(scene: Scene, paid = PAID, secret: string | null = null, lovelaceBack?: bigint): Plan {
  const plan = honestSettle(scene, paid, lovelaceBack);
  for (const lock of plan.locks) lock.agreement = agreement(scene.cast, lock.utxo.reference, paid > 0n ? paid : 0n, secret);
  return plan;
}

export const agreement = (
  { jobKey, closeKey }: Cast,
  reference: OutputReference,
  paid: bigint,
  secret: string | null = null,
): PlannedAgreement => ({
  voucher: { signer: jobKey, over: voucherBytes(reference, paid, secret === null ? undefined : keyHashOf(secret)) },
  close: { signer: closeKey, over: closeBytes(reference, paid) },
  secret,
});

/** A batch in which these locks, of the thief, are reclaimed and the rest is decided. */
export function passOver(plan: Plan, scene: Scene, reclaimed: PlannedLock[]): void {
  for (const lock of reclaimed) lock.reclaimed = true;
  plan.redeemers = (locks) => {
    const first = locks.find((lock) => lock.reclaimed === undefined);
    return locks.map((lock) => (lock.reclaimed ? RECLAIM_REDEEMER : batchRedeemer(howOf(lock), lock === first ? entriesOf(locks) : [])));
  };
  plan.signers = [scene.cast.thief.keyHash];
  plan.validFromSlot = scene.slot;
}

const signedBy = ({ signer, over }: { signer: Oracle; over: Uint8Array }): string =>
  bytesToHex(ed25519.sign(over, hexToBytes(signer.secret)));

const howOf = ({ agreement: agreed }: PlannedLock) => (agreed === undefined ? SETTLE : AGREE);

export const entriesOf = (locks: PlannedLock[]): Settlement[] =>
  locks.map(({ signatures, agreement: agreed, reclaimed, paid, computeProviderOutput, serviceProviderOutput }) => {
    if (reclaimed) return { kind: 'reclaimed' };
    const entry = { paid, computeProviderOutput, serviceProviderOutput };
    if (agreed === undefined) {
      const attested = signatures.map((one) => ({ keyIndex: one.keyIndex, signature: signedBy(one) }));
      return { kind: 'attested', ...entry, signatures: attested };
    }
    const { voucher, close, secret } = agreed;
    return { kind: 'agreed', ...entry, voucherSignature: signedBy(voucher), closeSignature: signedBy(close), secret };
  });

export const settlementsOf = (locks: PlannedLock[]): string => batchRedeemer(SETTLE, entriesOf(locks));

export const NO_SETTLEMENTS = batchRedeemer(SETTLE, []);

const NATIVE_SCRIPTS = 1;

function withNativeScripts(cbor: string, scripts: Uint8Array[]): string {
  if (scripts.length === 0) return cbor;
  const source = hexToBytes(cbor);
  const raw = ({ start, end }: CborItem): Uint8Array => source.subarray(start, end);
  const [body, witnesses, ...rest] = asArray(readCbor(source));
  if (body === undefined) throw new TypeError('a transaction');
  const kept = asMap(witnesses).map(([key, value]): [Uint8Array, Uint8Array] => [raw(key), raw(value)]);
  return bytesToHex(cborArray([raw(body), cborMap([[cborInt(NATIVE_SCRIPTS), cborArray(scripts)], ...kept]), ...rest.map(raw)]));
}

/** Signed, with change to the thief: whatever a theft leaves over is the thief's. */
export function finish(plan: Plan, scene: Scene): string {
  const redeemers =
    plan.redeemers?.(plan.locks) ?? plan.locks.map((lock, index) => batchRedeemer(howOf(lock), index === 0 ? entriesOf(plan.locks) : []));
  const locks = plan.locks.map(({ utxo }, index): PlannedInput => {
    const redeemer = redeemers[index];
    return redeemer === undefined ? { utxo } : { utxo, redeemer };
  });
  const inputs = [...locks, ...[scene.funds, ...plan.extraInputs].map((utxo) => ({ utxo }))].toSorted((a, b) =>
    byInputOrder(a.utxo.reference, b.utxo.reference),
  );
  const first = inputs.findIndex((input) => 'redeemer' in input);
  const carriesTheList = ({ redeemer }: PlannedInput): boolean => redeemer !== undefined && redeemer.length > 100;
  const fee: Value = { lovelace: plan.fee, assets: [] };
  const change = difference(
    inputs.map(({ utxo }) => utxo),
    [...plan.payouts, fee],
  );
  const draft = {
    inputs,
    outputs: [...plan.payouts, { address: scene.cast.thief.address, ...change }],
    fee: plan.fee,
    units: new Map(inputs.map((input, index) => [index, index === first || carriesTheList(input) ? UNITS : LATER_UNITS])),
    script: { script: scene.script, at: scene.scriptAt },
    collateral: { utxo: scene.collateral, total: scene.collateral.lovelace, returnAddress: scene.cast.thief.address },
    signers: plan.signers,
  };
  const cbor = serialize(plan.validFromSlot === undefined ? draft : { ...draft, validFromSlot: plan.validFromSlot }, scene.parameters);
  return signTransaction(withNativeScripts(cbor, plan.nativeScripts), [scene.cast.thief.secret, ...plan.secrets]);
}
