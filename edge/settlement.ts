// From k equal attestations, or the agreement of both parties, to a settled lock: whose turn it is, the journaled transaction, and what the chain made of it.
import { encodePlutusData } from '@nunet/contracts/plutus-data.ts';
import { payoutTag, type OracleSignature } from '@nunet/contracts/redeemer.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { formatAmount } from '@nunet/shared/amount.ts';
import type { LockedOutput } from '@nunet/shared/lock.ts';
import type { AgreementRow, AttestationRow, CaseRow } from './db/store.ts';
import { agreementOfRow } from './intake.ts';
import { referenceOf } from './lock-name.ts';
import type { Ending, OracleLimits, OraclePorts } from './ports.ts';

export interface Quorum {
  paid: bigint;
  rule: string;
  signatures: OracleSignature[];
}

/** k attestations over one amount, if there are. Pure. */
export function quorumOf(datum: Pick<LockedOutput['datum'], 'oracleKeys' | 'k'>, attestations: readonly AttestationRow[]): Quorum | null {
  const byPaid = new Map<bigint, AttestationRow[]>();
  for (const a of attestations) if (datum.oracleKeys.includes(a.oracleKey)) byPaid.set(a.paid, [...(byPaid.get(a.paid) ?? []), a]);
  for (const [paid, equal] of byPaid) {
    if (equal.length < datum.k) continue;
    const signatures = equal
      .map((a) => ({ keyIndex: datum.oracleKeys.indexOf(a.oracleKey), signature: a.signature }))
      .sort((a, b) => a.keyIndex - b.keyIndex)
      .slice(0, datum.k);
    return { paid, rule: equal[0]?.rule ?? '', signatures };
  }
  return null;
}

/** How a lock will end, as far as signatures can say now. */
export interface Outcome {
  paid: bigint;
  /** For the status page. */
  said: string;
  /** Until it is submitted. */
  state: 'attested' | 'agreed';
  ending: Ending;
}

/** What both parties signed goes before what oracles decided. Null: nobody has decided yet. Pure. */
export function outcomeOf(quorum: Quorum | null, agreement: AgreementRow | null): Outcome | null {
  if (agreement !== null) {
    const { paid } = agreement;
    const said = `both parties agreed on ${formatAmount(paid)}`;
    return { paid, said, state: 'agreed', ending: { by: 'agreement', agreement: agreementOfRow(agreement) } };
  }
  if (quorum === null) return null;
  const { paid, rule, signatures } = quorum;
  const said = `${signatures.length} oracles agreed on ${formatAmount(paid)} (${rule})`;
  return { paid, said, state: 'attested', ending: { by: 'oracles', paid, signatures } };
}

/**
 * How many oracles of this lock submit before this one: those with lower keys that answer. Always the same order, so that
 * mostly one edge loads the builder and watches its transactions.
 */
export const turnOf = (oracleKeys: readonly string[], own: string, isAway: (key: string) => boolean): number =>
  oracleKeys.filter((key) => key < own && !isAway(key)).length;

export interface Progress {
  state: CaseRow['state'];
  detail: string;
  /** Look again then, wall clock; null: at the next block. */
  againAt: number | null;
}

/**
 * One step of an unspent lock with an outcome. The journal row
 * is written before the submit, so that a crash in between submits the same transaction again and no second one.
 * A transaction of less pay than both parties agree on meanwhile is given up, unless the chain has it.
 */
export async function stepSettlement(
  ports: OraclePorts,
  limits: OracleLimits,
  lock: LockedOutput,
  { paid, said, state, ending }: Outcome,
  /** Wall clock; before it another oracle is first, unless this edge has begun already. */
  turnAt: number,
  signal: AbortSignal,
): Promise<Progress> {
  const { store, chain, now } = ports;
  const name = `${lock.reference.txId}#${lock.reference.index}`;
  const [last] = (await store.settlementsOf(name)).filter((row) => row.state !== 'lost');
  if (last === undefined && now() < turnAt) return { state, detail: `${said}; another oracle submits first`, againAt: turnAt };
  if (last !== undefined && last.paid < paid && (await chain.transaction(last.txId, signal)).state === 'unknown') {
    await store.setSettlement(last.txId, 'lost');
    return { state, detail: said, againAt: now() };
  }
  const row = last ?? (await build());
  const status = await chain.transaction(row.txId, signal);
  const waitedLong = now() - row.submittedAt >= limits.resubmitMs;
  if (status.state === 'unknown' && (row.state === 'built' || waitedLong)) await submit();
  else if (status.state === 'unknown' && row.state === 'confirmed') await submit();
  return { state: 'submitted', detail: `${said}; settle transaction ${row.txId} is submitted`, againAt: null };

  async function build() {
    const { txId, cbor, fee } = await ports.settler.settle(lock.reference, ending, signal);
    const built = { txId, lock: name, cbor, paid, fee, submittedAt: now(), state: 'built' as const };
    await store.putSettlement(built);
    return built;
  }
  async function submit(): Promise<void> {
    try {
      await chain.submit(row.cbor, signal);
    } catch (error) {
      // Refused: spent by another oracle's transaction, or its inputs are gone after a rollback. The next look tells which.
      if (error instanceof NunetError && error.code === 'chain-rejected') await store.setSettlement(row.txId, 'lost');
      throw error;
    }
    await store.putSettlement({ ...row, state: 'submitted', submittedAt: now() });
    await store.addEvent({ at: now(), kind: 'settle', lock: name, detail: `submitted ${row.txId}, fee ${row.fee} lovelace` });
  }
}

/** What became of a spent lock. Null while the spending transaction is not in a block. */
export async function readEnd(
  ports: OraclePorts,
  row: CaseRow,
  spent: { lock: LockedOutput; spentBy: string },
  signal: AbortSignal,
): Promise<{ state: 'settled' | 'ended'; detail: string; confirmations: number } | null> {
  const { store, chain } = ports;
  const status = await chain.transaction(spent.spentBy, signal);
  if (status.state !== 'confirmed') return null;
  const own = (await store.settlementsOf(row.lock)).find(({ txId }) => txId === spent.spentBy);
  if (own !== undefined && own.state !== 'confirmed') await store.setSettlement(own.txId, 'confirmed');
  const { confirmations } = status;
  // Before reclaimAfter the validator lets nothing else through.
  if (own !== undefined || status.timeMs < spent.lock.datum.reclaimAfter || (await paysUnderTag())) {
    return { state: 'settled', detail: `settled by ${spent.spentBy}${own === undefined ? '' : ', submitted by this edge'}`, confirmations };
  }
  return { state: 'ended', detail: `spent by ${spent.spentBy} after reclaimAfter: reclaimed by the service provider`, confirmations };

  async function paysUnderTag(): Promise<boolean> {
    const tag = encodePlutusData(payoutTag([referenceOf(row.lock)]));
    for (const index of [0, 1]) {
      const output = await chain.output({ txId: spent.spentBy, index }, signal);
      if (output?.utxo.inlineDatum === tag) return true;
    }
    return false;
  }
}
