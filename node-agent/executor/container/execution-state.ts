// The small journal of one container execution, in its work folder: what another helper needs to go on with it.
import { randomBytes } from 'node:crypto';
import { open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import { z } from 'zod';
import { containerJob, containerResult } from './helper-protocol.ts';

const moment = z.strictObject({ wall: z.number(), mono: z.number() });

const executionState = z.strictObject({
  v: z.literal(1),
  job: containerJob,
  containerId: z.string().max(100),
  imageId: z.string().max(100),
  /** Monotonic times count within one boot. */
  bootId: z.string().max(60).nullable(),
  disk: z.enum(['mount', 'memory']),
  start: moment.nullable(),
  pausedMs: z.number().min(0),
  pausedSince: z.number().nullable(),
  /** Somebody asked for the pause, and has to end it: not a checkpoint. */
  isPaused: z.boolean(),
  checkpoints: z.int().min(0),
  /** sha256 of the last one. */
  lastCheckpoint: z.string().max(64).nullable(),
  result: containerResult.nullable(),
});
export type ExecutionState = z.infer<typeof executionState>;

const pathIn = (workDir: string): string => join(workDir, 'state.json');

/** null: there is none, or it cannot be read: nothing was ever begun there. */
export async function readState(workDir: string): Promise<ExecutionState | null> {
  const text = await readFile(pathIn(workDir), 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    return executionState.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Whole or not at all. Throws `disk`. */
export async function writeState(state: ExecutionState): Promise<void> {
  const path = pathIn(state.job.workDir);
  const draft = `${path}.${randomBytes(4).toString('hex')}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(JSON.stringify(state));
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
  } catch (cause) {
    throw new NunetError('disk', 'Cannot note how far the job is: the work folder cannot be written', { cause });
  }
}
