// What a page may ask the runner about agents that the person owns. An order that changes one comes with the vault's signature: the runner
// signs only what tells, pauses or resumes.
import { multiaddrText, peerIdText } from '@nunet/shared/fields.ts';
import { MAX_OWNER_COMMAND_BYTES, ownerOrder } from '@nunet/shared/owner-command.ts';
import type { OwnerJobs, OwnerList, OwnerLog, OwnerStatus } from '@nunet/shared/owner-views.ts';
import { z } from 'zod';

const bytes = (most: number) =>
  z.custom<Uint8Array>((value) => value instanceof Uint8Array && value.length <= most, `must be at most ${most} bytes`);

export const lendRequests = [
  /** `address`: null where the agent is to be found among the adverts of the hubs. Answer: `{ peerId }`. */
  z.strictObject({
    type: z.literal('pair-machine'),
    code: z.string().max(100),
    address: multiaddrText.nullable(),
    /** By which the agent lists this browser. */
    name: z.string().min(1).max(60),
  }),
  /** Answer: `MachineAnswer`. Throws `approval-wanted` for an order that the vault does not sign by itself. */
  z.strictObject({ type: z.literal('machine-order'), peerId: peerIdText, order: ownerOrder }),
  /** Sends what a person approved. Answer: `MachineAnswer`. */
  z.strictObject({
    type: z.literal('machine-signed'),
    peerId: peerIdText,
    order: ownerOrder,
    signed: z.strictObject({ body: bytes(MAX_OWNER_COMMAND_BYTES), signature: bytes(64), counter: z.int().min(1) }),
  }),
  z.strictObject({ type: z.literal('rename-machine'), peerId: peerIdText, name: z.string().min(1).max(60) }),
  /** Here alone: the agent keeps this owner until it is revoked. */
  z.strictObject({ type: z.literal('forget-machine'), peerId: peerIdText }),
] as const;
export type LendRequest = z.infer<(typeof lendRequests)[number]>;

/** One agent that is owned from here. */
export interface MachineNote {
  peerId: string;
  network: string;
  /** As the person calls it. */
  name: string;
  /** Under which this browser is listed there. */
  ownerName: string;
  /** Where it was reached last, best first. */
  addresses: string[];
  pairedAtMs: number;
  /** Of the last order that was signed. */
  counter: number;
}

export type MachineView = Pick<MachineNote, 'peerId' | 'network' | 'name' | 'ownerName' | 'pairedAtMs' | 'counter'>;

export type MachineAnswer =
  /** Waits for a yes at the machine's terminal. */
  | { type: 'pending'; confirmation: string; what: string }
  | { type: 'status'; status: OwnerStatus }
  | { type: 'jobs'; jobs: OwnerJobs }
  | { type: 'logs'; log: OwnerLog }
  | { type: 'owners'; owners: OwnerList }
  | { type: 'done' };

export interface LendAnswers {
  'pair-machine': { peerId: string };
  'machine-order': MachineAnswer;
  'machine-signed': MachineAnswer;
  'rename-machine': null;
  'forget-machine': null;
}

const TYPES: ReadonlySet<string> = new Set(lendRequests.map((request) => request.shape.type.value));
export const isLendRequest = (request: { type: string }): request is LendRequest => TYPES.has(request.type);
