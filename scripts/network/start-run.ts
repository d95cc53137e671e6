// `nunet-agent run` as a child process on a network of ours: JSON events, the best offer taken without asking.
import { join } from 'node:path';
import { root } from '../run-tool.ts';
import { startProcess, type Process } from './process.ts';
import type { RunningNetwork } from './start.ts';

export interface RunPlan {
  jobFile: string;
  walletFile: string;
  /** Outputs, journal and log of this run. The same folder again resumes. */
  folder: string;
  /** Peer id: take the offer of this agent only. */
  agent?: string;
  /** A checkpoint, or the folder of a job that left one: this job begins there. */
  resumeFrom?: string;
  /** Program instead of `nunet-agent`: one that chaos kills. */
  file?: string;
  env?: Record<string, string>;
}

export const startRun = (network: RunningNetwork, plan: RunPlan): Process =>
  startProcess({
    name: `run ${plan.folder}`,
    file: plan.file ?? join(root, 'node-agent/main.ts'),
    args: [
      ...['run', plan.jobFile, '--wallet', plan.walletFile, ...network.trust, '--json', '--yes'],
      ...['--out', join(plan.folder, 'outputs'), '--data', join(plan.folder, 'journal')],
      ...(plan.agent === undefined ? [] : ['--agent', plan.agent]),
      ...(plan.resumeFrom === undefined ? [] : ['--resume-from', plan.resumeFrom]),
    ],
    logFile: join(plan.folder, 'run.log'),
    ...(plan.env === undefined ? {} : { env: plan.env }),
  });
