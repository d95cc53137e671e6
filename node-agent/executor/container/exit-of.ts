// How a container's end is told: whose fault it was, and in which words. Pure.
import type { Exit } from '@nunet/shared/manifest.ts';
import { KILLED_INSIDE } from './programs.ts';

export interface ContainerEnd {
  readonly exitCode: number;
  /** The engine saw the kernel kill for memory. Podman never says so. */
  readonly oomKilled: boolean;
  /** Memory was refused at least once, or the last sample stood at the limit. */
  readonly wasShortOfMemory: boolean;
  /** The engine's own words when it could not run the container. */
  readonly error: string;
  /** It did not answer for a while, and may have ended the container when it came back. */
  readonly wasEngineLost: boolean;
  /** gVisor lets a job kill PID 1, and tells that in no other way than an end from outside. */
  readonly isGvisor: boolean;
  readonly lastErrorLine: string;
}

const SIGKILL = 9;
/** Signals that a program earns by what it does itself. */
const CRASHES: Record<number, string> = { 4: 'SIGILL', 5: 'SIGTRAP', 6: 'SIGABRT', 7: 'SIGBUS', 8: 'SIGFPE', 11: 'SIGSEGV', 31: 'SIGSYS' };
const MAX_MESSAGE = 500;
/** SIGTERM and SIGKILL of an engine that starts, and what it writes where it does not know. */
const ENDS_OF_ENGINE = new Set([128 + 15, 128 + SIGKILL, 255]);

export function exitOf(end: ContainerEnd): Exit {
  const { exitCode } = end;
  if (exitCode === 0) return { kind: 'completed' };
  const jobFault = (code: string, message: string): Exit => ({ kind: 'jobFault', code, message: message.slice(0, MAX_MESSAGE) });
  if (end.wasEngineLost && !end.oomKilled && ENDS_OF_ENGINE.has(exitCode))
    return { kind: 'computeProviderFault', code: 'engine-lost', message: 'The container ended with a restart of the container engine' };
  const killed = exitCode === KILLED_INSIDE || exitCode === 128 + SIGKILL;
  if (end.oomKilled || (killed && end.wasShortOfMemory)) return jobFault('memory-limit', 'The job wanted more memory than its spec grants');
  if (exitCode === 128 + SIGKILL && end.isGvisor)
    return jobFault('crashed', 'The container was killed, which under gVisor a job can do itself');
  // Nobody inside can kill PID 1, and PID 1 never ends with this code by itself.
  if (exitCode === 128 + SIGKILL)
    return { kind: 'computeProviderFault', code: 'child-vanished', message: 'The container was ended from outside while the job ran' };
  if (end.error !== '')
    return {
      kind: 'computeProviderFault',
      code: 'sandbox-failed',
      message: `The container could not be run: ${end.error}`.slice(0, MAX_MESSAGE),
    };
  const said = end.lastErrorLine === '' ? '' : `: ${end.lastErrorLine}`;
  if (exitCode === KILLED_INSIDE) return jobFault('program-failed', `The program was killed by the job itself${said}`);
  const crash = exitCode > 128 ? CRASHES[exitCode - 128] : undefined;
  if (crash !== undefined) return jobFault('crashed', `The program crashed (${crash})${said}`);
  return jobFault('program-failed', `The program ended with code ${exitCode}${said}`);
}
