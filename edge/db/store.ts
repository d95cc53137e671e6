// Every query of the oracle. A decision is a row that can be written once; all else can be derived from the peers again.
import { and, asc, count, desc, eq, gt, isNull, lt, sql } from 'drizzle-orm';
import { NunetError } from '@nunet/shared/errors.ts';
import type { EvidenceKind } from '@nunet/shared/evidence.ts';
import type { ReplayOutcome } from '@nunet/shared/replay.ts';
import type { Db } from './open.ts';
import { agreements, attestations, cases, decisions, events, evidence, nonces, replays, settlements } from './schema.ts';

export type CaseRow = typeof cases.$inferSelect;
export type CaseState = CaseRow['state'];
export type AgreementRow = typeof agreements.$inferSelect;
export type EvidenceRow = typeof evidence.$inferSelect;
export type DecisionRow = typeof decisions.$inferSelect;
export type AttestationRow = typeof attestations.$inferSelect;
export type SettlementRow = typeof settlements.$inferSelect;
export type EventRow = typeof events.$inferSelect;

/** Events kept for the status page. */
const KEPT_EVENTS = 2_000;

/** First half of the keys of the advisory locks that `addEvidence` takes; the second tells the lock on chain. */
const EVIDENCE_LOCK = 7_016_254;

export type Store = ReturnType<typeof createStore>;

export function createStore(db: Db) {
  return {
    async findCase(lock: string): Promise<CaseRow | null> {
      const [row] = await db.select().from(cases).where(eq(cases.lock, lock));
      return row ?? null;
    },
    /** Names only: a row may hold a job spec of 64 kB. Oldest first. */
    async openLocks(): Promise<string[]> {
      const rows = await db.select({ lock: cases.lock }).from(cases).where(isNull(cases.closedAt)).orderBy(asc(cases.firstSeenAt));
      return rows.map(({ lock }) => lock);
    },
    async countOpenCases(): Promise<number> {
      const [row] = await db.select({ n: count() }).from(cases).where(isNull(cases.closedAt));
      return row?.n ?? 0;
    },
    /** False when somebody was faster. */
    async addCase(row: CaseRow): Promise<boolean> {
      return (await db.insert(cases).values(row).onConflictDoNothing().returning({ lock: cases.lock })).length === 1;
    },
    async updateCase(
      lock: string,
      change: Partial<Pick<CaseRow, 'state' | 'detail' | 'spentBy' | 'closedAt' | 'spec' | 'sources'>>,
    ): Promise<void> {
      await db.update(cases).set(change).where(eq(cases.lock, lock));
    },

    evidenceOf: (lock: string): Promise<EvidenceRow[]> =>
      db.select().from(evidence).where(eq(evidence.lock, lock)).orderBy(asc(evidence.arrivedAt), asc(evidence.cid)),
    /**
     * Adds a piece unless `max` of its kind are there. An earlier receipt of a known piece replaces a later one.
     * `added`: new to this oracle. `full`: not kept.
     */
    addEvidence: (row: EvidenceRow, max: number): Promise<'added' | 'known' | 'full'> =>
      db.transaction(async (tx) => {
        // PostgreSQL lets two transactions count at once, and both add.
        await tx.execute(sql`select pg_advisory_xact_lock(${EVIDENCE_LOCK}, hashtext(${row.lock}))`);
        const [known] = await tx
          .select({ receivedAt: evidence.receivedAt })
          .from(evidence)
          .where(and(eq(evidence.lock, row.lock), eq(evidence.cid, row.cid)));
        if (known !== undefined) {
          if (row.receivedAt < known.receivedAt) {
            await tx
              .update(evidence)
              .set({ receivedAt: row.receivedAt, receipt: row.receipt })
              .where(and(eq(evidence.lock, row.lock), eq(evidence.cid, row.cid), gt(evidence.receivedAt, row.receivedAt)));
          }
          return 'known';
        }
        const [held] = await tx
          .select({ n: count() })
          .from(evidence)
          .where(and(eq(evidence.lock, row.lock), eq(evidence.kind, row.kind)));
        if ((held?.n ?? 0) >= max) return 'full';
        await tx.insert(evidence).values(row).onConflictDoNothing();
        return 'added';
      }),
    /** Adds a piece in the place of those of its kind that it outdoes. `known`: it is held, or one that outdoes it. */
    addOutdoing: (row: EvidenceRow, beside: (held: EvidenceRow) => 'outdone' | 'better' | 'other'): Promise<'added' | 'known'> =>
      db.transaction(async (tx) => {
        await tx.execute(sql`select pg_advisory_xact_lock(${EVIDENCE_LOCK}, hashtext(${row.lock}))`);
        const held = await tx
          .select()
          .from(evidence)
          .where(and(eq(evidence.lock, row.lock), eq(evidence.kind, row.kind)));
        if (held.some((piece) => piece.cid === row.cid || beside(piece) === 'better')) return 'known';
        for (const { cid } of held.filter((piece) => beside(piece) === 'outdone'))
          await tx.delete(evidence).where(and(eq(evidence.lock, row.lock), eq(evidence.cid, cid)));
        await tx.insert(evidence).values(row).onConflictDoNothing();
        return 'added';
      }),

    async decisionOf(lock: string): Promise<DecisionRow | null> {
      const [row] = await db.select().from(decisions).where(eq(decisions.lock, lock));
      return row ?? null;
    },
    decisions: (): Promise<DecisionRow[]> => db.select().from(decisions),
    /** Writes the decision unless there is one; gives the one that stands. The caller signs that one and no other. */
    decide: (row: DecisionRow): Promise<DecisionRow> =>
      db.transaction(async (tx) => {
        await tx.insert(decisions).values(row).onConflictDoNothing();
        const [stands] = await tx.select().from(decisions).where(eq(decisions.lock, row.lock));
        if (stands === undefined) throw new NunetError('decision-lost', `Cannot decide ${row.lock}: the decision was not written`);
        return stands;
      }),

    attestationsOf: (lock: string): Promise<AttestationRow[]> =>
      db.select().from(attestations).where(eq(attestations.lock, lock)).orderBy(asc(attestations.oracleKey)),
    /** The first word of an oracle over a lock stands. True when it was new. */
    async addAttestation(row: AttestationRow): Promise<boolean> {
      return (await db.insert(attestations).values(row).onConflictDoNothing().returning({ lock: attestations.lock })).length === 1;
    },

    async agreementOf(lock: string): Promise<AgreementRow | null> {
      const [row] = await db.select().from(agreements).where(eq(agreements.lock, lock));
      return row ?? null;
    },
    /** The first stands. True when it was new. */
    async addAgreement(row: AgreementRow): Promise<boolean> {
      return (await db.insert(agreements).values(row).onConflictDoNothing().returning({ lock: agreements.lock })).length === 1;
    },

    settlementsOf: (lock: string): Promise<SettlementRow[]> =>
      db.select().from(settlements).where(eq(settlements.lock, lock)).orderBy(desc(settlements.submittedAt)),
    async putSettlement(row: SettlementRow): Promise<void> {
      await db
        .insert(settlements)
        .values(row)
        .onConflictDoUpdate({ target: settlements.txId, set: { state: row.state, submittedAt: row.submittedAt } });
    },
    async setSettlement(txId: string, state: SettlementRow['state']): Promise<void> {
      await db.update(settlements).set({ state }).where(eq(settlements.txId, txId));
    },

    async replayOf(lock: string): Promise<typeof replays.$inferSelect | null> {
      const [row] = await db.select().from(replays).where(eq(replays.lock, lock));
      return row ?? null;
    },
    async putReplay(row: { lock: string; manifestCid: string; outcome: ReplayOutcome; detail: string; at: number }): Promise<void> {
      const { lock, ...set } = row;
      await db
        .insert(replays)
        .values({ lock, ...set })
        .onConflictDoUpdate({ target: replays.lock, set });
    },

    /** True when this peer has not used this nonce while its signatures are fresh. */
    async useNonce(peer: string, nonce: string, expiresAt: number): Promise<boolean> {
      return (
        (await db.insert(nonces).values({ peer, nonce, expiresAt }).onConflictDoNothing().returning({ peer: nonces.peer })).length === 1
      );
    },
    async dropNonces(before: number): Promise<void> {
      await db.delete(nonces).where(lt(nonces.expiresAt, before));
    },

    async addEvent(row: { at: number; kind: string; lock: string | null; detail: string }): Promise<void> {
      await db.insert(events).values(row);
    },
    lastEvents: (n: number): Promise<EventRow[]> => db.select().from(events).orderBy(desc(events.seq)).limit(n),
    async dropEvents(): Promise<void> {
      await db.execute(sql`delete from ${events} where seq <= (select max(seq) from ${events}) - ${KEPT_EVENTS}`);
    },

    async counts(): Promise<{
      states: Record<string, number>;
      rules: Record<string, number>;
      evidence: Partial<Record<EvidenceKind, number>>;
      agreements: number;
    }> {
      const [byState, byRule, byKind, [agreed]] = [
        await db.select({ key: cases.state, n: count() }).from(cases).groupBy(cases.state),
        await db.select({ key: decisions.rule, n: count() }).from(decisions).groupBy(decisions.rule),
        await db.select({ key: evidence.kind, n: count() }).from(evidence).groupBy(evidence.kind),
        await db.select({ n: count() }).from(agreements),
      ];
      const all = (rows: { key: string; n: number }[]) => Object.fromEntries(rows.map(({ key, n }) => [key, n]));
      return { states: all(byState), rules: all(byRule), evidence: all(byKind), agreements: agreed?.n ?? 0 };
    },
  };
}
