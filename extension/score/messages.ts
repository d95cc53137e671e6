// What the runner and the scoring frame say to each other over the frame's one port. The frame holds hostile bytes: its words are parsed.
import type { Evaluation } from '@nunet/shared/onnx-program.ts';
import { z } from 'zod';

/** Runner -> frame. First `open`; `score` after the frame said `ready`, so that a fault of this browser is never one of the model. */
export type ToScoreFrame =
  | { type: 'open'; wasm: ArrayBuffer; memoryBytes: number }
  | { type: 'score'; evaluation: Evaluation; files: readonly { name: string; bytes: Uint8Array }[] };

/** Frame -> runner. */
export const fromScoreFrame = z.discriminatedUnion('type', [
  /** The runtime has run a graph of our own. */
  z.strictObject({ type: z.literal('ready') }),
  z.strictObject({ type: z.literal('scored'), score: z.number() }),
  z.strictObject({ type: z.literal('failed'), code: z.string().regex(/^[a-z0-9-]{1,60}$/), message: z.string().max(500) }),
]);
export type FromScoreFrame = z.infer<typeof fromScoreFrame>;
