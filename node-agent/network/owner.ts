// /nunet/pair/1 and /nunet/owner/1: an owner takes hold of its agent with a code, then commands it by signed orders.
import { NunetError } from '@nunet/shared/errors.ts';
import type { Answerer } from '@nunet/shared/exchange.ts';
import type { Network } from '@nunet/shared/fields.ts';
import { MAX_OWNER_COMMAND_BYTES, OWNER_COMMAND_LIFETIME_MS, ownerCommand, type OwnerAnswer } from '@nunet/shared/owner-command.ts';
import { openStatement } from '@nunet/shared/signature.ts';
import type { Controls } from '../controls.ts';
import type { OwnerBook } from '../owner-book.ts';
import type { Pairing } from '../pairing.ts';
import type { NetworkNode } from './node.ts';
import { serve, type ServeOptions } from './protocol.ts';

export interface OwnerParts {
  network: Network;
  /** Of this agent. */
  peerId: string;
  owners: OwnerBook;
  controls: Controls;
  now(): number;
}

/** Clocks of two machines differ. */
const CLOCK_SKEW_MS = 60_000;
/** Counters are about the time in milliseconds. One far ahead would shut its owner out for as long. */
const MOST_AHEAD_MS = 2 * 86_400_000;

const refused = (code: string, why: string): NunetError => new NunetError(code, `Cannot carry out the order: ${why}`);

/** Throws `signature-invalid`, `network-mismatch`, `owner-foreign`, `owner-expired`, `owner-counter`, `owner-unknown`, `owner-revoked`, `owner-replayed`. */
export function answerOwner(parts: OwnerParts): Answerer<'owner'> {
  const { network, peerId, owners, controls } = parts;
  return async ({ envelope }, caller): Promise<OwnerAnswer> => {
    const opening = { network, maxBytes: MAX_OWNER_COMMAND_BYTES, keyOf: ({ owner }: { owner: string }) => owner };
    const { body } = openStatement('owner-command', ownerCommand, envelope, opening);
    if (body.agent !== peerId) throw refused('owner-foreign', 'it is for another agent');
    const nowMs = parts.now();
    if (body.expiresAt <= nowMs) throw refused('owner-expired', `it expired ${nowMs - body.expiresAt} ms ago by this agent's clock`);
    if (body.expiresAt > nowMs + OWNER_COMMAND_LIFETIME_MS + CLOCK_SKEW_MS) {
      throw refused(
        'owner-expired',
        `it would live ${body.expiresAt - nowMs} ms by this agent's clock, want at most ${OWNER_COMMAND_LIFETIME_MS}`,
      );
    }
    if (body.counter > nowMs + MOST_AHEAD_MS)
      throw refused('owner-counter', `its counter is ${body.counter - nowMs} ahead of this agent's clock`);
    const owner = await owners.spend(body.owner, body.counter, caller.peerId);
    return controls.carryOut(body.order, { kind: 'owner', publicKey: owner.publicKey, name: owner.name });
  };
}

export async function serveOwner(
  node: NetworkNode,
  parts: Omit<OwnerParts, 'network' | 'peerId'> & { pairing: Pairing },
  options: ServeOptions = {},
): Promise<void> {
  await serve(node, 'pair', (request, { peerId }) => parts.pairing.answer(request, peerId), options);
  await serve(node, 'owner', answerOwner({ ...parts, network: node.network, peerId: node.peerId }), options);
}
