// Where a job's files can be fetched, by who told it: what a party says of itself comes first, and nobody can crowd it out.
import { MAX_REPLAY_SOURCES } from '@nunet/shared/replay.ts';

/** By teller: a party's peer id, or the key of an oracle that passed on what the parties told it. Newest first. */
export type Sources = Readonly<Record<string, readonly string[]>>;

export interface Parties {
  serviceProvider: { peerId: string };
  computeProvider: { peerId: string };
}

/** Addresses kept of each teller, of each peer. */
const MAX_OF_A_PEER = 8;

/** An address must say whose it is: last in it, so that a relay is not taken for the peer behind it. */
const isOf = (address: string, peerId: string): boolean => address.endsWith(`/p2p/${peerId}`);

/** What this teller says, added. Addresses of strangers are dropped, so that nobody can point a replayer at them. */
export function withTold(before: Sources, teller: string, addresses: readonly string[], parties: Parties): Sources {
  const told = [...new Set([...addresses, ...(before[teller] ?? [])])];
  const kept = [parties.computeProvider.peerId, parties.serviceProvider.peerId].flatMap((peerId) =>
    told.filter((address) => isOf(address, peerId)).slice(0, MAX_OF_A_PEER),
  );
  return kept.length === 0 ? before : { ...before, [teller]: kept };
}

/** What a party told of itself. */
export const ownOf = (sources: Sources, peerId: string): string[] => (sources[peerId] ?? []).filter((address) => isOf(address, peerId));

/**
 * For a replay: the compute provider's own word, then the service provider's own, at most eight each; what is left of the room goes
 * to what others say, one of each in turn, so that one that invents addresses does not hide the rest.
 */
export function sourcesFor(sources: Sources, { serviceProvider, computeProvider }: Parties): string[] {
  const own = [...ownOf(sources, computeProvider.peerId), ...ownOf(sources, serviceProvider.peerId)];
  const others = Object.keys(sources)
    .sort()
    .map((teller) => (sources[teller] ?? []).filter((address) => !isOf(address, teller)));
  const inTurn = Array.from({ length: 2 * MAX_OF_A_PEER }, (_, turn) => others.flatMap((told) => told.slice(turn, turn + 1))).flat();
  return [...new Set([...own, ...inTurn])].slice(0, MAX_REPLAY_SOURCES);
}
