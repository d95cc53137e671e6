// What an owner is told of its agent: the JSON of `OwnerAnswer`, by the order's type. Parsed by the extension; fields that it does not know
// are dropped, because agent and extension are updated apart.
import { z } from 'zod';
import { cidText, hex32, peerIdText, timeMs } from './fields.ts';

const baseUnits = z.string().regex(/^\d{1,19}$/);
const shortText = z.string().max(500);
/** Counts and bytes, however wrong an agent may be. */
const figure = z
  .number()
  .min(0)
  .max(2 ** 53);
const offer = z.object({ cpus: figure, memoryBytes: figure, diskBytes: figure, gpus: figure });
const clock = z.string().regex(/^\d\d:\d\d$/);

/** What may be changed, as it is now. Prices are decimal NTX. */
const ownerSettings = z.object({
  prices: z.object({
    cpuHour: z.string().max(30),
    memoryGibHour: z.string().max(30),
    gpuHour: z.string().max(30),
    minimum: z.string().max(30),
  }),
  share: z.object({ cpus: z.number(), memory: z.number(), disk: z.number() }),
  hours: z.object({ from: clock, to: clock }).nullable(),
  kinds: z.array(z.string().max(20)).max(4),
  maxTimeLimitMs: z.int().min(0),
  telemetry: z.boolean(),
});
export type OwnerSettings = z.infer<typeof ownerSettings>;

export const ownerStatus = z.object({
  peerId: peerIdText,
  network: z.string().max(20),
  /** Where it can be reached now, peer id included. */
  addresses: z.array(z.string().max(512)).max(16),
  /** The agent's clock. */
  nowMs: timeMs,
  /** Takes no new jobs, and who said so. */
  pausedBy: z.enum(['terminal', 'owner']).nullable(),
  sandboxes: z.array(shortText).max(8),
  kinds: z.array(z.string().max(20)).max(4),
  payoutAddress: z.string().max(130),
  capacity: z.object({ total: offer, free: offer }),
  jobs: z.object({ running: z.int().min(0), ended: z.int().min(0) }),
  /** Pay that came, and what both sides signed but nobody brought on chain. */
  earnedBaseUnits: baseUnits,
  unclaimedBaseUnits: baseUnits,
  memoryBytes: figure,
  hubs: z.object({ connected: z.int().min(0), all: z.int().min(0) }),
  lastProblem: shortText.nullable(),
  /** Hottest sensor, degrees Celsius; null where nothing measures it. */
  temperatureC: z.number().min(-273).max(1_000).nullable(),
  settings: ownerSettings,
  /** What still wants a yes at the terminal. */
  waiting: z.array(z.object({ id: z.string().max(20), what: shortText, untilMs: timeMs })).max(16),
});
export type OwnerStatus = z.infer<typeof ownerStatus>;

export const ownerJobs = z.object({
  jobs: z
    .array(
      z.object({
        jobId: cidText,
        title: z.string().max(200),
        state: z.string().max(20),
        detail: shortText.nullable(),
        amountBaseUnits: baseUnits,
        payBaseUnits: baseUnits.nullable(),
        closedBaseUnits: baseUnits.nullable(),
        paidBaseUnits: baseUnits.nullable(),
        acceptedAtMs: timeMs.nullable(),
        changedAtMs: timeMs.nullable(),
      }),
    )
    .max(200),
  /** All that the agent knows of. */
  total: z.int().min(0),
});
export type OwnerJobs = z.infer<typeof ownerJobs>;

export const ownerLog = z.object({
  fromLine: z.int().min(0),
  lines: z.array(z.string()).max(1_000),
  /** Lines that there are. */
  total: z.int().min(0),
});
export type OwnerLog = z.infer<typeof ownerLog>;

export const ownerList = z.object({
  owners: z.array(z.object({ publicKey: hex32, name: z.string().max(60), addedAtMs: timeMs, revokedAtMs: timeMs.nullable() })).max(32),
});
export type OwnerList = z.infer<typeof ownerList>;
