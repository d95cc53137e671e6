// What a running agent shows of itself: its status for the owner, and figures without a name for everybody else.
import type { Agent, AgentComponents } from './agent-components.ts';
import type { Capacity, Offer } from './capacity.ts';
import type { Fingerprints } from './executor/executor-set.ts';
import { hasEnded, stateOf, type JobBook } from './job-book.ts';
import { jobLine } from './job-line.ts';
import type { Presence } from './presence.ts';
import type { Settings } from './settings.ts';
import type { MachineUsage } from './telemetry/usage-figures.ts';

const NOTHING_TOLD: MachineUsage = { machine: { cpuBusyPercent: null, memoryUsedPercent: 0, temperatureC: null }, gpus: [] };

export interface ViewParts {
  components: AgentComponents;
  book: JobBook;
  capacity: Capacity;
  fingerprints: Fingerprints;
  settings: Settings;
  presence: Presence;
  /** Chain time. */
  now(signal: AbortSignal): Promise<number>;
  /** Why no jobs are taken, where a copy of this agent runs elsewhere. */
  twin(): string | null;
  lastProblem(): string | null;
}

export function agentView(parts: ViewParts): Pick<Agent, 'status' | 'usage'> {
  const { components, book, capacity, fingerprints, settings, presence } = parts;
  const { network, node, clock } = components;
  const peerId = components.peerKey.peerId;
  const freeNow = async (): Promise<Offer> => capacity.free(await parts.now(AbortSignal.timeout(2_000)).catch(() => clock.now()));
  return {
    usage: async () => {
      const states = book.jobs().map(stateOf);
      const running = states.filter((state) => state === 'running').length;
      const ended = book.jobs().filter(hasEnded).length;
      return {
        ...((await components.sample?.()) ?? NOTHING_TOLD),
        total: capacity.total,
        free: await freeNow(),
        jobs: { running, waiting: states.length - running - ended, ended },
        hubsConnected: presence.hubs().filter(({ state }) => state === 'connected').length,
        agentMemoryBytes: process.memoryUsage.rss(),
      };
    },
    status: async () => {
      const free = await freeNow();
      return {
        peerId,
        network,
        addresses: node.addresses(),
        executors: fingerprints.all.map(({ kinds, sandbox, detail, version }) => ({ kinds, sandbox, detail, version })),
        kinds: fingerprints.kinds,
        payoutAddress: components.address,
        capacity: { total: capacity.total, free },
        pausedBy: settings.now.pausedBy,
        memoryBytes: process.memoryUsage.rss(),
        usage: (await components.sample?.()) ?? null,
        hubs: presence.hubs(),
        twin: parts.twin(),
        jobs: book.jobs().map(jobLine),
        earnedBaseUnits: String(book.jobs().reduce((sum, job) => sum + (job.spent?.paid ?? 0n), 0n)),
        lastProblem: parts.lastProblem(),
      };
    },
  };
}
