// Freezing a process where it stands: SIGSTOP for it and all below it, SIGCONT to go on. A frozen process can still be killed.
import { NunetError } from '@nunet/shared/errors.ts';
import { processTree } from './process-identity.ts';

function signal(pid: number, name: 'SIGSTOP' | 'SIGCONT'): void {
  try {
    process.kill(pid, name);
  } catch (cause) {
    // ESRCH: gone meanwhile.
    if ((cause as NodeJS.ErrnoException).code === 'ESRCH') return;
    throw new NunetError('pause-failed', `Cannot send ${name} to process ${pid}: ${(cause as Error).message}`, { cause });
  }
}

/** The group would not do: a launcher puts its child into a session of its own. The syscall filter forbids the child new processes. */
export async function freeze(root: number): Promise<void> {
  for (const pid of (await processTree(root)).keys()) signal(pid, 'SIGSTOP');
}

export async function thaw(root: number): Promise<void> {
  for (const pid of (await processTree(root)).keys()) signal(pid, 'SIGCONT');
}
