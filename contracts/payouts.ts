// Who gets what when locks settle: one payout a person, and who carries the fee. Pure.
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText, type AssetId } from '@nunet/shared/fields.ts';
import type { EscrowDatum } from '@nunet/shared/lock.ts';
import type { Utxo } from './chain/chain.ts';
import { decodeDatum } from './datum.ts';
import { payoutOutput } from './lock-output.ts';
import type { Agreement } from '@nunet/shared/agreement.ts';
import {
  AGREE,
  batchRedeemer,
  byInputOrder,
  NO_OUTPUT,
  RECLAIM_REDEEMER,
  SETTLE,
  type OracleSignature,
  type Settlement,
} from './redeemer.ts';
import { assetUnit, leastLovelace, quantityOf, type Output } from './value.ts';

/** A lock with what its oracles, or its two parties, decided. */
export type Decision =
  /** At least k signatures, in any order; k of them are used, since each costs some 8,000 lovelace. */
  { by: 'oracles'; utxo: Utxo; paid: bigint; signatures: OracleSignature[] } | { by: 'agreement'; utxo: Utxo; agreement: Agreement };

interface PreparedLock {
  decision: Decision;
  utxo: Utxo;
  paid: bigint;
  datum: EscrowDatum;
}

/** One output and the locks that it pays, in input order. */
interface Payout {
  role: 'serviceProvider' | 'computeProvider';
  address: string;
  asset: AssetId;
  quantity: bigint;
  locks: PreparedLock[];
}

const outputOf = ({ address, asset, quantity, locks }: Payout, lovelace: bigint): Output =>
  payoutOutput(
    address,
    asset,
    quantity,
    locks.map(({ utxo }) => utxo.reference),
    lovelace,
  );

function prepare(decision: Decision): PreparedLock {
  const { utxo } = decision;
  const paid = decision.by === 'oracles' ? decision.paid : decision.agreement.paid;
  if (utxo.inlineDatum === undefined) {
    throw new NunetError(
      'datum-invalid',
      `Cannot settle ${referenceText(utxo.reference)}: it has no inline datum; only its owner can reclaim it`,
    );
  }
  const datum = decodeDatum(utxo.inlineDatum);
  const held = quantityOf(utxo, datum.asset);
  if (paid < 0n || paid > held) {
    throw new NunetError('amount-invalid', `Cannot settle ${referenceText(utxo.reference)} at ${paid}: it holds ${held}`);
  }
  return { decision, utxo, paid, datum };
}

/** One payout a person, role and asset, whatever the number of locks. */
function payoutsOf(locks: PreparedLock[]): Payout[] {
  const payouts = new Map<string, Payout>();
  const owe = (role: Payout['role'], address: string, quantity: bigint, lock: PreparedLock): void => {
    const { asset } = lock.datum;
    const key = `${role} ${address} ${assetUnit(asset)}`;
    const payout = payouts.get(key) ?? { role, address, asset, quantity: 0n, locks: [] };
    payout.quantity += quantity;
    payout.locks.push(lock);
    payouts.set(key, payout);
  };
  for (const lock of locks) {
    owe('serviceProvider', lock.datum.serviceProvider, quantityOf(lock.utxo, lock.datum.asset) - lock.paid, lock);
    if (lock.paid > 0n) owe('computeProvider', lock.datum.computeProvider, lock.paid, lock);
  }
  return [...payouts.values()];
}

const sum = (numbers: bigint[]): bigint => numbers.reduce((a, b) => a + b, 0n);

/** Rounded up, so that the shares together always cover the whole. */
const dividedUp = (whole: bigint, parts: number): bigint => (whole + BigInt(parts) - 1n) / BigInt(parts);

/**
 * Outputs for a fee. Each lock carries an equal share of the fee and its share of the ADA under its compute provider's
 * payout, both out of its own lovelace and never more than its settleLovelace; the payer adds what is missing.
 */
function outputsFor(payouts: Payout[], lockCount: number, fee: bigint, coinsPerUtxoByte: bigint): Output[] {
  const share = new Map<PreparedLock, bigint>();
  const least = (payout: Payout): bigint => leastLovelace(outputOf(payout, 0n), coinsPerUtxoByte);
  const feeShare = dividedUp(fee, lockCount);
  for (const payout of payouts.filter(({ role }) => role === 'computeProvider')) {
    const part = dividedUp(least(payout), payout.locks.length);
    for (const lock of payout.locks) share.set(lock, part);
  }
  return payouts.map((payout) => {
    if (payout.role === 'computeProvider') return outputOf(payout, least(payout));
    const kept = sum(
      payout.locks.map((lock) => {
        const cost = feeShare + (share.get(lock) ?? 0n);
        const { settleLovelace } = lock.datum;
        return lock.utxo.lovelace - (cost < settleLovelace ? cost : settleLovelace);
      }),
    );
    const wanted = least(payout);
    return outputOf(payout, kept > wanted ? kept : wanted);
  });
}

/** What rounding the shares up left over goes to the first service provider, so that no change output is made for a few lovelace. */
function withoutCrumbs(outputs: Output[], payouts: Payout[], available: bigint, fee: bigint): Output[] {
  const left = available - fee - sum(outputs.map(({ lovelace }) => lovelace));
  const first = payouts.findIndex(({ role }) => role === 'serviceProvider');
  return left <= 0n
    ? outputs
    : outputs.map((output, index) => (index === first ? { ...output, lovelace: output.lovelace + left } : output));
}

/** The batch in the ledger's input order: every lock with its redeemer, and the outputs for a given fee. */
export interface BatchPlan {
  inputs: { utxo: Utxo; redeemer: string }[];
  /** Entry of each input in the list that the first lock which is not reclaimed carries. */
  settlements: Settlement[];
  outputs: (fee: bigint) => Output[];
}

/** `reclaims` are passed over by the list, so that the same transaction may take them back. Throws `locks-missing`, `amount-invalid`, `datum-invalid`. */
export function planBatch(decisions: readonly Decision[], reclaims: readonly Utxo[], coinsPerUtxoByte: bigint): BatchPlan {
  if (decisions.length === 0) throw new NunetError('locks-missing', 'Cannot settle: no lock was given');
  const prepared = decisions.map(prepare).toSorted((a, b) => byInputOrder(a.utxo.reference, b.utxo.reference));
  const payouts = payoutsOf(prepared);
  const indexOf = (lock: PreparedLock, role: Payout['role']): number =>
    payouts.findIndex((payout) => payout.role === role && payout.locks.includes(lock));
  const places = [...prepared.map((lock) => ({ utxo: lock.utxo, lock })), ...reclaims.map((utxo) => ({ utxo, lock: undefined }))].toSorted(
    (a, b) => byInputOrder(a.utxo.reference, b.utxo.reference),
  );
  const settlements = places.map(({ lock }): Settlement => {
    if (lock === undefined) return { kind: 'reclaimed' };
    const outputs = {
      computeProviderOutput: lock.paid === 0n ? NO_OUTPUT : indexOf(lock, 'computeProvider'),
      serviceProviderOutput: indexOf(lock, 'serviceProvider'),
    };
    const { decision, paid, datum } = lock;
    if (decision.by === 'agreement') return { kind: 'agreed', ...decision.agreement, ...outputs };
    const signatures = decision.signatures.toSorted((a, b) => a.keyIndex - b.keyIndex).slice(0, datum.k);
    return { kind: 'attested', paid, signatures, ...outputs };
  });
  const available = sum(prepared.map(({ utxo }) => utxo.lovelace));
  const [first] = prepared;
  return {
    settlements,
    inputs: places.map(({ utxo, lock }) => {
      if (lock === undefined) return { utxo, redeemer: RECLAIM_REDEEMER };
      const how = lock.decision.by === 'agreement' ? AGREE : SETTLE;
      return { utxo, redeemer: batchRedeemer(how, lock === first ? settlements : []) };
    }),
    outputs: (fee) => {
      // The owner of what is reclaimed pays the fee's share of it.
      const ours = dividedUp(fee * BigInt(prepared.length), places.length);
      return withoutCrumbs(outputsFor(payouts, prepared.length, ours, coinsPerUtxoByte), payouts, available, ours);
    },
  };
}
