// What the terminal may say to its running agent: every owner's order, and what an owner from afar may not: pair, confirm, refuse.
import { ownerOrder, type OwnerAnswer } from '@nunet/shared/owner-command.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { z } from 'zod';
import type { Controls } from './controls.ts';
import type { OwnerBook } from './owner-book.ts';
import type { Pairing } from './pairing.ts';

const confirmationId = z.string().min(1).max(20);

const terminalOrder = z.union([
  ownerOrder,
  z.discriminatedUnion('type', [
    /** `another`: yes, although the agent has an owner. */
    z.strictObject({ type: z.literal('pair'), another: z.boolean() }),
    z.strictObject({ type: z.literal('pairing') }),
    z.strictObject({ type: z.literal('pair-cancel') }),
    z.strictObject({ type: z.literal('waiting') }),
    z.strictObject({ type: z.literal('confirm'), id: confirmationId }),
    z.strictObject({ type: z.literal('refuse'), id: confirmationId }),
  ]),
]);
export type TerminalOrder = z.infer<typeof terminalOrder>;

export interface TerminalParts {
  controls: Controls;
  pairing: Pairing;
  owners: OwnerBook;
  addresses(): string[];
}

/** The answer as JSON. Throws `order-invalid`, and as `Controls`. */
export async function carryOutTerminal(body: unknown, parts: TerminalParts): Promise<unknown> {
  const { controls, pairing, owners } = parts;
  const parsed = terminalOrder.safeParse(body);
  if (!parsed.success) throw new NunetError('order-invalid', 'Cannot carry out the order: it is none that this agent knows');
  const order = parsed.data;
  switch (order.type) {
    case 'pair': {
      const names = owners.all.filter(({ revokedAtMs }) => revokedAtMs === null).map(({ name }) => name);
      if (names.length > 0 && !order.another) {
        throw new NunetError('owner-known', `Cannot pair without your word: this agent has ${names.join(', ')} as owner already`);
      }
      return { ...pairing.start(), addresses: parts.addresses() };
    }
    case 'pairing':
      return pairing.state();
    case 'pair-cancel':
      pairing.cancel();
      return null;
    case 'waiting':
      return controls.waiting().map(({ id, what, owner, untilMs }) => ({ id, what, owner: owner.name, untilMs }));
    case 'confirm':
      return told(await controls.confirm(order.id));
    case 'refuse':
      return { what: controls.drop(order.id).what };
    default:
      return told(await controls.carryOut(order, { kind: 'terminal' }));
  }
}

/** Nothing waits for the terminal that the terminal itself said. */
function told(answer: OwnerAnswer): unknown {
  if (answer.type === 'pending') throw new NunetError('internal', 'Cannot carry out the order: it waits for itself');
  return JSON.parse(answer.json);
}
