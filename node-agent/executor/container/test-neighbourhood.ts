// A neighbourhood for tests: a network namespace with the addresses that a job must never reach, and somebody at home at each of them.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { systemProgram } from '../confinement.ts';

/** Cloud metadata, and machines of private networks. They exist in this namespace alone, so that no test knocks at a real one. */
export const NEIGHBOURS = ['169.254.169.254', '10.11.12.13', '192.168.77.77', '172.20.1.1'] as const;

export interface Neighbourhood {
  /** A process that stands in it: for `nsenter`. */
  readonly pid: number;
  /** Where each neighbour and its loopback listen. */
  readonly port: number;
  /** Abstract name of a Unix socket, which belongs to a network namespace. */
  readonly socket: string;
  /** How often any of them was reached. */
  reached(): number;
  close(): Promise<void>;
}

export function neighbourhoodMissing(): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'a network namespace of a test needs root on Linux';
  const missing = ['unshare', 'nsenter', 'busybox'].filter((name) => systemProgram(name) === null);
  return missing.length === 0 ? null : `no ${missing.join(', ')} on this system: apt-get install util-linux busybox-static`;
}

export async function startNeighbourhood(): Promise<Neighbourhood> {
  const missing = neighbourhoodMissing();
  if (missing !== null) throw new Error(`Cannot start a neighbourhood: ${missing}`);
  const socket = `nunet-neighbour-${process.pid}`;
  const code = `
    const { execFileSync } = require('node:child_process');
    const { createServer } = require('node:net');
    const ip = (...args) => execFileSync(${JSON.stringify(systemProgram('busybox'))}, ['ip', ...args]);
    ip('link', 'set', 'lo', 'up');
    for (const address of ${JSON.stringify(NEIGHBOURS)}) ip('addr', 'add', address + '/32', 'dev', 'lo');
    const reached = (connection) => { connection.destroy(); process.stdout.write('reached\\n'); };
    createServer(reached).listen({ path: '\\0${socket}' });
    const server = createServer(reached).listen(0, '0.0.0.0', () => process.stdout.write('port ' + server.address().port + '\\n'));
    process.stdin.on('close', () => process.exit(0)).resume();`;
  const child = spawn('unshare', ['--net', '--', process.execPath, '-e', code], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const [first] = (await Promise.race([
    once(lines, 'line'),
    once(child, 'exit').then(() => Promise.reject(new Error('Cannot start a neighbourhood: it ended at once'))),
  ])) as [string];
  let count = 0;
  lines.on('line', (line) => {
    if (line === 'reached') count += 1;
  });
  return {
    pid: child.pid ?? 0,
    port: Number(first.split(' ')[1]),
    socket,
    reached: () => count,
    async close() {
      const ended = once(child, 'exit');
      child.stdin.end();
      await ended;
    },
  };
}
