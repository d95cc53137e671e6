// Runs in the confined child: tries to break out and says what it met. A check passes when the attempt was refused.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { ProbeAttempts } from './child-protocol.ts';

export interface ProbeCheck {
  readonly name: string;
  readonly passed: boolean;
  readonly detail: string;
}

/** What the floor of each level needs, by the names below. */
export const NAMESPACE_CHECKS = ['network', 'host-files', 'canary-file', 'other-processes', 'memory', 'empty-environment'] as const;
export const LIMITS_CHECKS = ['host-files', 'canary-file', 'memory', 'empty-environment'] as const;

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? (error as Error).name;

function refused(name: string, attempt: () => string): ProbeCheck {
  try {
    return { name, passed: false, detail: attempt() };
  } catch (error) {
    return { name, passed: true, detail: `refused: ${codeOf(error)}` };
  }
}

const network = (port: number): Promise<ProbeCheck> =>
  new Promise((resolve) => {
    const name = 'network';
    try {
      const socket = connect({ host: '127.0.0.1', port });
      socket.setTimeout(2000, () => {
        socket.destroy();
        resolve({ name, passed: true, detail: 'refused: no answer' });
      });
      socket.once('connect', () => {
        socket.destroy();
        resolve({ name, passed: false, detail: 'reached a listener on the host' });
      });
      socket.once('error', (error) => resolve({ name, passed: true, detail: `refused: ${codeOf(error)}` }));
    } catch (error) {
      resolve({ name, passed: true, detail: `refused: ${codeOf(error)}` });
    }
  });

function memory(bytes: number): ProbeCheck {
  const held: Uint8Array[] = [];
  return refused('memory', () => {
    const step = 16 * 2 ** 20;
    for (let all = 0; all < bytes; all += step) held.push(new Uint8Array(step).fill(1));
    return `took ${bytes} bytes, above its limit`;
  });
}

/** Every pid that this child can see is its own or its sandbox's init. */
function otherProcesses(hostPid: number): ProbeCheck {
  const name = 'other-processes';
  try {
    process.kill(hostPid, 0);
    return { name, passed: false, detail: `can signal process ${hostPid} of the host` };
  } catch (error) {
    // EPERM says that the process is there; it happens too when a private namespace uses the same number for its own init.
    if (codeOf(error) !== 'ESRCH' && hostPid > 3)
      return { name, passed: false, detail: `sees process ${hostPid} of the host: ${codeOf(error)}` };
  }
  try {
    const seen = readdirSync('/proc').filter((entry) => /^[0-9]+$/.test(entry));
    if (seen.length > 3) return { name, passed: false, detail: `sees ${seen.length} processes` };
    return { name, passed: true, detail: `sees ${seen.length} processes, all its own` };
  } catch (error) {
    return { name, passed: true, detail: `no view of processes: ${codeOf(error)}` };
  }
}

/** Hardening beyond the floor: told in the fingerprint, not demanded. */
function privileges(): ProbeCheck[] {
  let status: string;
  try {
    status = readFileSync('/proc/self/status', 'utf8');
  } catch (error) {
    return [{ name: 'privileges', passed: false, detail: `cannot be read: ${codeOf(error)}` }];
  }
  const field = (name: string): string => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1] ?? '?';
  return [
    { name: 'no-capabilities', passed: /^0+$/.test(field('CapEff')) && /^0+$/.test(field('CapPrm')), detail: `CapEff ${field('CapEff')}` },
    { name: 'no-new-privileges', passed: field('NoNewPrivs') === '1', detail: `NoNewPrivs ${field('NoNewPrivs')}` },
    { name: 'syscall-filter', passed: field('Seccomp') === '2', detail: `Seccomp ${field('Seccomp')}` },
  ];
}

export async function probe(attempts: ProbeAttempts): Promise<ProbeCheck[]> {
  return [
    await network(attempts.loopbackPort),
    refused('host-files', () => `read ${readFileSync('/etc/passwd').length} bytes of /etc/passwd`),
    refused('canary-file', () => `read the canary: ${readFileSync(attempts.canaryFile).length} bytes`),
    refused('write-files', () => {
      writeFileSync('/written-by-the-probe', 'x');
      return 'wrote a file';
    }),
    otherProcesses(attempts.hostPid),
    {
      name: 'empty-environment',
      passed: Object.keys(process.env).every((name) => name === 'ORT_DISABLE_TELEMETRY' || name === 'PWD'),
      detail: Object.keys(process.env).join(' '),
    },
    ...privileges(),
    // Last, as it may end the child.
    memory(attempts.allocateBytes),
  ];
}
