// Sign once: a decision is in the database and on disk before its signature exists, and no second one can be.
import { bytesToHex } from '@noble/hashes/utils.js';
import { formatAmount } from '@nunet/shared/amount.ts';
import { settleBytes } from '@nunet/shared/lock.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { sameOutcome } from './decision-log.ts';
import type { AttestationRow, DecisionRow } from './db/store.ts';
import { referenceOf } from './lock-name.ts';
import type { OraclePorts } from './ports.ts';

type Needs = Pick<OraclePorts, 'store' | 'decisions' | 'signer' | 'now'>;

/** Decides and signs; the decision that stands, which is an older one if there is one. Throws `already-decided` if disk and database differ. */
export async function decideAndSign(ports: Needs, wanted: DecisionRow): Promise<DecisionRow> {
  const onDisk = ports.decisions.entries.get(wanted.lock);
  const stands = await ports.store.decide(onDisk ?? wanted);
  await ports.decisions.append(stands);
  const signature = bytesToHex(await ports.signer.sign(settleBytes(referenceOf(stands.lock), stands.paid)));
  const added = await ports.store.addAttestation({
    lock: stands.lock,
    oracleKey: ports.signer.publicKey,
    verdict: stands.verdict,
    rule: stands.rule,
    paid: stands.paid,
    signature,
  });
  if (added) {
    await ports.store.addEvent({
      at: ports.now(),
      kind: 'decision',
      lock: stands.lock,
      detail: `${stands.verdict} ${formatAmount(stands.paid)} NTX (${stands.rule})`,
    });
  }
  return stands;
}

/**
 * An own signature that another oracle still has and this one has lost (a database restored from a copy): it is the
 * decision. Throws `already-decided` when another outcome was signed too, which only a second process with this key can do.
 */
export async function adoptOwn(ports: Needs, row: AttestationRow, decidedAt: number): Promise<void> {
  const { lock, verdict, rule, paid } = row;
  const held = (await ports.store.attestationsOf(lock)).find(({ oracleKey }) => oracleKey === row.oracleKey);
  if (held?.paid === paid) return;
  const stands = await ports.store.decide({ lock, verdict, rule, paid, decidedAt });
  if (stands.paid !== paid) {
    throw new NunetError('already-decided', `Cannot keep ${lock} at ${paid}: this oracle decided ${stands.paid}; is its key in use twice?`);
  }
  await ports.decisions.append(stands);
  await ports.store.addAttestation(row);
}

/** At start: what either the database or the disk has lost comes back from the other. Throws `decisions-differ`. */
export async function reconcileDecisions(ports: Pick<OraclePorts, 'store' | 'decisions'>): Promise<void> {
  const rows = new Map((await ports.store.decisions()).map((row) => [row.lock, row]));
  for (const [lock, entry] of ports.decisions.entries) {
    const row = rows.get(lock) ?? (await ports.store.decide(entry));
    if (!sameOutcome(row, entry)) {
      throw new NunetError(
        'decisions-differ',
        `Cannot start: the database decided ${lock} as ${row.verdict} ${row.paid}, the log as ${entry.verdict} ${entry.paid}`,
      );
    }
  }
  for (const row of rows.values()) await ports.decisions.append(row);
}
