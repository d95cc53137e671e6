// What an agent is made of, and what can be asked of a running one.
import type { Tip } from '@nunet/contracts/chain/chain.ts';
import type { Benchmark } from '@nunet/shared/benchmark.ts';
import type { Network } from '@nunet/shared/fields.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import type { OracleClient } from '@nunet/shared/oracle-client.ts';
import type { AgentEntry } from './agent-entries.ts';
import type { AgentStatus } from './agent-status.ts';
import type { BlobStore } from './blobs.ts';
import type { Offer } from './capacity.ts';
import type { Fingerprints } from './executor/executor-set.ts';
import type { Executor } from './executor/executor.ts';
import type { LentGpu } from './gpu/allotment.ts';
import type { JobGpus } from './gpu/job-gpus.ts';
import type { Web } from './job-downloads.ts';
import type { Journal } from './journal.ts';
import type { LockSource } from './lock-wait.ts';
import type { PeerKey } from './network/identity.ts';
import type { NetworkNode } from './network/node.ts';
import type { Limits, Windows } from './policy.ts';
import type { Prices, StreamShares } from './pricing.ts';
import type { Keep } from './retention.ts';
import type { LiveSettings, Settings } from './settings.ts';
import type { JobTraces } from './telemetry/traces.ts';
import type { MachineUsage, UsageFigures } from './telemetry/usage-figures.ts';

/** Everything an agent is made of; tests and scripts put fakes in some places. The agent owns and closes journal, store and node. */
export interface AgentComponents {
  network: Network;
  peerKey: PeerKey;
  /** Payout address. */
  address: string;
  prices: Prices;
  stream?: StreamShares;
  /** On offer in all; its GPUs are `gpus`. */
  offer: Offer;
  gpus?: readonly LentGpu[];
  limits: Limits;
  /** Peers of the owner besides those of `policy.ownServiceProviders`. */
  isOwnPeer?: (peerId: string) => boolean;
  /** Everything that can run is taken at all hours unless given. */
  policy?: LiveSettings['policy'];
  hours?: LiveSettings['hours'];
  toOperators?: boolean;
  pausedBy?: LiveSettings['pausedBy'];
  /** What stays of jobs that are over. */
  keep?: Keep;
  windows?: Windows;
  record: NetworkRecord;
  hubs: readonly string[];
  /** Data folder: logs and work folders lie in it. */
  dataPath: string;
  node: NetworkNode;
  journal: Journal<AgentEntry>;
  store: BlobStore;
  /** At least one; the first that takes a job's kind runs it. */
  executors: readonly Executor[];
  chain: LockSource & { tip(signal: AbortSignal): Promise<Tip> };
  pollMs: number;
  /** Between two questions to the hubs whether a copy of this agent runs elsewhere. */
  askHubsMs?: number;
  oracle(key: string): OracleClient | undefined;
  /** Where GPUs are lent: their usage, and which of them must not be given to a job now. */
  gpuCare?: JobGpus;
  /** How busy and hot the machine and its lent GPUs are. Left out: nobody can say. */
  sample?: () => Promise<MachineUsage>;
  /** Where the owner wants jobs traced. */
  traces?: JobTraces;
  /** What this machine was last measured at. */
  benchmark?: () => Benchmark | null;
  /** Where files by URL come from; the public internet unless given. */
  web?: Web;
  clock: { now(): number; elapsed(): number };
  random(bytes: number): Uint8Array;
  log(line: string): void;
}

export interface Agent {
  readonly peerId: string;
  /** What its owner may change while it runs. */
  readonly settings: Settings;
  readonly fingerprints: Fingerprints;
  addresses(): string[];
  status(): Promise<AgentStatus>;
  /** Figures without a name in them. */
  usage(): Promise<UsageFigures>;
  /** Lines of a job's log from this line on, and how many there are. Throws `job-unknown`. */
  logOf(jobId: string, fromLine: number, lines: number): Promise<{ lines: string[]; total: number }>;
  /** Ends a job that has not ended, as the compute provider's doing. Throws `job-unknown`, `job-ended`. */
  stopJob(jobId: string): void;
  /** Ends running work, tells the oracles as far as they can be reached within seconds, and closes everything. */
  stop(): Promise<void>;
  /** Settles when the agent has stopped; rejects when it had to, because its journal failed. */
  readonly stopped: Promise<void>;
}
