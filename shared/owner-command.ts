// The owner's control of an agent: pairing once with a code from its terminal, then commands signed by the owner key.
// Each command is bound to one agent, a counter that only grows, and an expiry; a copy of one does nothing.
import { z } from 'zod';
import { cidText, hex32, network, peerIdText, timeMs } from './fields.ts';

export const MAX_OWNER_COMMAND_BYTES = 8 * 1024;
export const MAX_OWNER_ANSWER_BYTES = 256 * 1024;
/** A command lives at most this long. */
export const OWNER_COMMAND_LIFETIME_MS = 60_000;
export const PAIRING_LIFETIME_MS = 5 * 60_000;
export const PAIRING_TRIES = 5;

const price = z.string().max(30);
const percent = z.number().min(10).max(90);

/** What may be changed of a running agent. What widens a policy waits for a confirmation at the terminal. */
export const configChange = z.strictObject({
  prices: z.strictObject({ cpuHour: price, memoryGibHour: price, gpuHour: price, minimum: price }).optional(),
  share: z.strictObject({ cpus: percent, memory: percent, disk: percent }).optional(),
  /** Local time of the machine, "22:00"; null: at all hours. */
  hours: z
    .strictObject({ from: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/), to: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/) })
    .nullable()
    .optional(),
  kinds: z
    .array(z.enum(['onnx', 'container']))
    .max(4)
    .optional(),
  maxTimeLimitMs: z
    .int()
    .min(1_000)
    .max(30 * 86_400_000)
    .optional(),
  telemetry: z.boolean().optional(),
});
export type ConfigChange = z.infer<typeof configChange>;

export const ownerOrder = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('status') }),
  /** The latest first. */
  z.strictObject({ type: z.literal('jobs'), limit: z.int().min(1).max(200) }),
  z.strictObject({ type: z.literal('logs'), jobId: cidText, fromLine: z.int().min(0), lines: z.int().min(1).max(1_000) }),
  /** No new jobs; what runs goes on. */
  z.strictObject({ type: z.literal('pause') }),
  z.strictObject({ type: z.literal('resume') }),
  /** Ends a running job as the compute provider's doing. */
  z.strictObject({ type: z.literal('stop-job'), jobId: cidText }),
  z.strictObject({ type: z.literal('change'), change: configChange }),
  z.strictObject({ type: z.literal('owners') }),
  z.strictObject({ type: z.literal('revoke-owner'), publicKey: hex32 }),
]);
export type OwnerOrder = z.infer<typeof ownerOrder>;

/** Signed by an owner key that the agent knows. */
export const ownerCommand = z.strictObject({
  v: z.literal(1),
  network,
  /** The agent that is meant. */
  agent: peerIdText,
  owner: hex32,
  /** Above every earlier one of this owner; the time in milliseconds where that is, so that a lost counter is no loss. */
  counter: z.int().min(1),
  expiresAt: timeMs,
  order: ownerOrder,
});
export type OwnerCommand = z.infer<typeof ownerCommand>;

/** `data`: JSON text by the order's type; `pending`: what still wants a yes at the terminal. */
export const ownerAnswer = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('done'), json: z.string().max(MAX_OWNER_ANSWER_BYTES - 1024) }),
  z.strictObject({ type: z.literal('pending'), confirmation: z.string().max(20), what: z.string().max(500) }),
]);
export type OwnerAnswer = z.infer<typeof ownerAnswer>;

/** `proof`: that whoever asks knows the code's secret, bound to both peer keys and the owner key; the secret itself never travels. */
export const pairRequest = z.strictObject({ v: z.literal(1), network, owner: hex32, name: z.string().min(1).max(60), proof: hex32 });
export type PairRequest = z.infer<typeof pairRequest>;
/** `proof`: the agent knows the secret too. */
export const pairAnswer = z.strictObject({ type: z.literal('paired'), agent: peerIdText, proof: hex32 });
export type PairAnswer = z.infer<typeof pairAnswer>;
