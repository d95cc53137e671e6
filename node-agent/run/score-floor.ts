// The sandbox floor of the service provider's own machine: a delivered model is a stranger's data, and scoring it runs it here.
import { NunetError } from '@nunet/shared/errors.ts';
import type { OutputCheck } from '@nunet/shared/job-file.ts';
import type { Executor } from '../executor/executor.ts';

/**
 * Asked before money is locked. A notice to show when the check will score below the floor, which an executor allows on the devnet
 * alone; null when there is nothing to say. Throws `sandbox-below-floor` where this machine may not score at all.
 */
export async function scoreFloor(
  check: OutputCheck,
  executor: Pick<Executor, 'fingerprint'>,
  signal: AbortSignal,
): Promise<{ code: string; message: string } | null> {
  if (check.type !== 'score') return null;
  const { kinds, sandbox, detail } = await executor.fingerprint(signal);
  if (kinds.length === 0) {
    throw new NunetError(
      'sandbox-below-floor',
      `Cannot run the job: its check would score a delivered model on this machine, whose sandbox is ${detail}. ` +
        'Install bubblewrap, or give the job file a check of type "equals" or "none". Nothing was locked.',
    );
  }
  if (sandbox === 'namespace') return null;
  return {
    code: 'sandbox-below-floor',
    message: `The check will score a delivered model here although the sandbox is below the floor, for this is the devnet: ${detail}`,
  };
}
