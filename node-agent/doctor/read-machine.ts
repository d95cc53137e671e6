// What `doctor` asks of the operating system: account, memory, disk, ports, switches of the kernel.
import { createSocket } from 'node:dgram';
import { access, readFile, statfs } from 'node:fs/promises';
import { createServer } from 'node:net';
import { freemem, networkInterfaces } from 'node:os';
import { dirname } from 'node:path';
import { parseListen, type AgentConfig } from '../config.ts';
import { systemProgram } from '../executor/confinement.ts';
import type { RunTool } from '../gpu/read-gpus.ts';
import { machineOffer } from '../machine.ts';
import type { Bound, PortFacts } from './ports.ts';
import type { Resources } from './resources.ts';
import type { ProbeFacts } from './sandbox.ts';
import type { System } from './system.ts';

const textOf = (path: string): Promise<string | null> => readFile(path, 'utf8').catch(() => null);
const there = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

export async function readSystem(run: RunTool): Promise<System> {
  const groups = await run('id', ['-Gn']);
  return {
    node: process.versions.node,
    platform: process.platform,
    arch: process.arch,
    uid: process.getuid?.() ?? null,
    groups: groups?.code === 0 ? groups.output.trim().split(/\s+/).slice(0, 200) : [],
    isContainer: (await there('/.dockerenv')) || (await there('/run/.containerenv')),
  };
}

/** statfs(2): TMPFS_MAGIC and RAMFS_MAGIC. */
const MEMORY_FILE_SYSTEMS = [0x01021994, 0x858458f6];

/** The folder itself, or the nearest above it that is there. */
async function existing(path: string): Promise<string> {
  return (await there(path)) || path === dirname(path) ? path : existing(dirname(path));
}

export async function readResources(dataPath: string): Promise<Resources> {
  const folder = await existing(dataPath);
  const meminfo = /MemAvailable:\s+(\d+) kB/.exec((await textOf('/proc/meminfo')) ?? '')?.[1];
  return {
    machine: await machineOffer(folder),
    diskIsMemory: MEMORY_FILE_SYSTEMS.includes((await statfs(folder)).type >>> 0),
    availableBytes: meminfo === undefined ? freemem() : Number(meminfo) * 1024,
  };
}

export async function readProbeFacts(): Promise<ProbeFacts> {
  const flag = async (path: string): Promise<string | null> => (await textOf(path))?.trim() ?? null;
  return {
    hasBubblewrap: systemProgram('bwrap') !== null,
    usernsClone: await flag('/proc/sys/kernel/unprivileged_userns_clone'),
    apparmorRestricts: await flag('/proc/sys/kernel/apparmor_restrict_unprivileged_userns'),
  };
}

const OUTCOMES: Readonly<Record<string, Bound>> = { EADDRINUSE: 'in-use', EACCES: 'not-permitted', EADDRNOTAVAIL: 'no-address' };
const outcomeOf = (error: NodeJS.ErrnoException): Bound => OUTCOMES[error.code ?? ''] ?? 'failed';

/** Binds it for a moment. */
export function tryBind(kind: 'tcp' | 'udp', { host, port }: { host: string; port: number }): Promise<Bound> {
  return new Promise((resolve) => {
    if (kind === 'tcp') {
      const server = createServer();
      server.once('error', (error) => resolve(outcomeOf(error)));
      server.listen({ host, port, exclusive: true }, () => server.close(() => resolve('free')));
      return;
    }
    const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
    socket.once('error', (error) => {
      socket.close();
      resolve(outcomeOf(error));
    });
    socket.bind({ port, address: host, exclusive: true }, () => socket.close(() => resolve('free')));
  });
}

export async function readPorts(listen: AgentConfig['listen'], agentRuns: boolean): Promise<PortFacts> {
  const ports: PortFacts['ports'][number][] = [];
  for (const name of ['tcp', 'ws', 'webrtc'] as const) {
    const at = listen[name];
    const parsed = at === null ? null : parseListen(at);
    if (at === null || parsed === null) continue;
    ports.push({ name, at, bound: await tryBind(name === 'webrtc' ? 'udp' : 'tcp', parsed) });
  }
  return { ports, agentRuns };
}

/** Addresses of this machine, without loopback. */
export const ownAddresses = (): string[] =>
  Object.values(networkInterfaces()).flatMap((all) => (all ?? []).filter(({ internal }) => !internal).map(({ address }) => address));
