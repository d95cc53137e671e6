// AgentStatus: what the owner sees of the agent, in JSON-safe fields.
import type { Network } from '@nunet/shared/fields.ts';
import type { Offer } from './capacity.ts';
import type { ExecutorFingerprint } from './executor/executor.ts';
import type { JobLine } from './job-line.ts';
import type { MachineUsage } from './telemetry/usage-figures.ts';
import type { HubState } from '@nunet/shared/keep-hubs.ts';

export interface AgentStatus {
  peerId: string;
  network: Network;
  addresses: string[];
  executors: Pick<ExecutorFingerprint, 'kinds' | 'sandbox' | 'detail' | 'version'>[];
  kinds: readonly string[];
  payoutAddress: string;
  capacity: { total: Offer; free: Offer };
  /** Takes no new jobs, and who said so. */
  pausedBy: 'terminal' | 'owner' | null;
  /** Resident memory of the agent itself, without its executions. */
  memoryBytes: number;
  /** Of the machine and the lent GPUs now; null: nobody can say. */
  usage: MachineUsage | null;
  hubs: HubState[];
  jobs: JobLine[];
  /** Pay that came, all jobs together. */
  earnedBaseUnits: string;
  /** A copy of this agent was seen elsewhere: no jobs are taken. */
  twin: string | null;
  /** The last thing that went wrong, for its owner. */
  lastProblem: string | null;
}
