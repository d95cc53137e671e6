// MachineBinding: the data folder says on which machine it was last started. A copy of it on another machine does not start by itself:
// there it would fail the jobs that still run on the first one, under the same key.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { NunetError } from '@nunet/shared/errors.ts';
import { z } from 'zod';
import { writeWhole } from './whole-file.ts';

const binding = z.strictObject({ version: z.literal(1), machine: z.string().regex(/^[0-9a-f]{64}$/) });

/** machine-id(5) is not to be shown to others, and so not written into a folder that people copy. */
const hashed = (machineId: string): string => createHash('sha256').update(`nunet/machine/1\0${machineId}`).digest('hex');

/** Null where the system has none, as in many containers: nothing can be told apart there. */
export async function readMachineId(path = '/etc/machine-id'): Promise<string | null> {
  const text = await readFile(path, 'utf8').catch(() => '');
  return /^[0-9a-f]{32}$/.test(text.trim()) ? text.trim() : null;
}

/** `moved`: the owner says that the folder was moved here for good. Throws `machine-other`, `machine-file-invalid`. */
export async function bindToMachine(path: string, machineId: string | null, moved: boolean): Promise<void> {
  if (machineId === null) return;
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  const machine = hashed(machineId);
  if (text !== null && !moved) {
    if (parsed(text, path).machine === machine) return;
    throw new NunetError(
      'machine-other',
      `Cannot start: ${path} says that this agent was started on another machine. Two agents with one key lose their jobs and their pay. ` +
        'If the other one is gone for good and this folder was moved here, start once with --moved; for a second agent, onboard a new folder.',
    );
  }
  await writeWhole(path, `${JSON.stringify({ version: 1, machine })}\n`);
}

function parsed(text: string, path: string): z.infer<typeof binding> {
  try {
    return binding.parse(JSON.parse(text));
  } catch (cause) {
    throw new NunetError(
      'machine-file-invalid',
      `Cannot start: ${path} is damaged; if this is the machine of this agent, start once with --moved`,
      { cause },
    );
  }
}
