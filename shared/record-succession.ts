// What may follow a network record: a later one never forgets an escrow, because people's money may lie there. Pure.
import { formatAmount } from './amount.ts';
import { encode, rawCidOf } from './encoding.ts';
import { referenceText, type OutputReference } from './fields.ts';
import type { NetworkRecord } from './network-record.ts';

type Escrow = NetworkRecord['escrows'][number];

/** The escrows with this script as the newest, at which locks are made from now on. A known one only learns where it is parked. */
export function withEscrow(escrows: readonly Escrow[], parked: { scriptHash: string; referenceScript: OutputReference | null }): Escrow[] {
  const known = escrows.some(({ scriptHash }) => scriptHash === parked.scriptHash);
  return known ? escrows.map((escrow) => (escrow.scriptHash === parked.scriptHash ? parked : escrow)) : [parked, ...escrows];
}

const text = (reference: OutputReference | null): string => (reference === null ? 'nowhere' : referenceText(reference));
const added = (from: readonly string[], to: readonly string[]): string[] => to.filter((item) => !from.includes(item));
const same = (a: unknown, b: unknown): boolean => rawCidOf(encode(a)) === rawCidOf(encode(b));

/** `problems`: reasons why no signer should sign `next` after `previous`. `changes`: what else differs, one line each. */
export function recordSuccession(previous: NetworkRecord, next: NetworkRecord): { problems: string[]; changes: string[] } {
  const problems: string[] = [];
  const changes: string[] = [];
  if (next.network !== previous.network) problems.push(`it is for ${next.network}, the one before for ${previous.network}`);
  if (next.sequence <= previous.sequence) problems.push(`its sequence ${next.sequence} is not above ${previous.sequence}`);
  if (next.issuedAt < previous.issuedAt) problems.push('it was issued before the record that it follows');
  if (!same(next.asset, previous.asset)) problems.push('it names another asset; locks in the old one would go unpaid');

  const hashes = next.escrows.map(({ scriptHash }) => scriptHash);
  const kept = previous.escrows.map(({ scriptHash }) => scriptHash);
  for (const hash of kept)
    if (!hashes.includes(hash)) problems.push(`escrow ${hash} is gone; what is locked there could not be found again`);
  if (new Set(hashes).size < hashes.length) problems.push('it names an escrow twice');
  if (kept.every((hash) => hashes.includes(hash)) && hashes.slice(-kept.length).join() !== kept.join())
    problems.push('its older escrows changed places; new ones go to the front, the others stay in order');
  for (const hash of added(kept, hashes)) changes.push(`escrow ${hash} is new`);
  for (const { scriptHash, referenceScript } of previous.escrows) {
    const now = next.escrows.find((escrow) => escrow.scriptHash === scriptHash);
    if (now === undefined || same(now.referenceScript, referenceScript)) continue;
    const line = `the script of escrow ${scriptHash} lies at ${text(now.referenceScript)}, before at ${text(referenceScript)}`;
    (now.referenceScript === null ? problems : changes).push(line);
  }

  const oracles = (record: NetworkRecord): string[] => record.oracles.map(({ key, url }) => `${key} ${url}`);
  const lists: [string, (record: NetworkRecord) => readonly string[]][] = [
    ['oracle', oracles],
    ['hub', (record) => record.hubs],
    ['revoked peer', (record) => record.revokedPeers],
  ];
  for (const [name, of] of lists) {
    for (const item of added(of(previous), of(next))) changes.push(`${name} ${item} is new`);
    for (const item of added(of(next), of(previous))) changes.push(`${name} ${item} is gone`);
  }
  for (const field of ['k', 'disputeWindowMs', 'claimWindowMs'] as const)
    if (next[field] !== previous[field]) changes.push(`${field} is ${next[field]}, before ${previous[field]}`);
  if (next.settleLovelace !== previous.settleLovelace)
    changes.push(`settleLovelace is ${formatAmount(next.settleLovelace)} ADA, before ${formatAmount(previous.settleLovelace)}`);
  if (!same(next.confirmations, previous.confirmations)) changes.push('the confirmation depths differ');
  return { problems, changes };
}
