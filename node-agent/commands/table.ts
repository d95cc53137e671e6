// The commands, each loaded alone: `start` never loads a wallet.
import type { Command } from './flags.ts';

export const COMMANDS: Readonly<Record<string, () => Promise<{ command: Command }>>> = {
  onboard: () => import('./onboard.ts'),
  doctor: () => import('./doctor.ts'),
  start: () => import('./start.ts'),
  status: () => import('./status.ts'),
  jobs: () => import('./jobs.ts'),
  logs: () => import('./logs.ts'),
  capacity: () => import('./capacity.ts'),
  pause: async () => ({ command: (await import('./pause.ts')).pause }),
  resume: async () => ({ command: (await import('./pause.ts')).resume }),
  config: () => import('./config.ts'),
  payout: () => import('./payout.ts'),
  claim: () => import('./claim.ts'),
  pair: () => import('./pair.ts'),
  owners: () => import('./owners.ts'),
  confirm: () => import('./confirm.ts'),
  benchmark: () => import('./benchmark.ts'),
  gpus: () => import('./gpus.ts'),
  images: () => import('./images.ts'),
  offboard: () => import('./offboard.ts'),
  'update-check': () => import('./update-check.ts'),
  completion: () => import('./completion.ts'),
  run: () => import('./run.ts'),
  wallet: () => import('./wallet.ts'),
  hub: () => import('./hub.ts'),
  replay: () => import('./replay.ts'),
};

/** All of them, for help, completion and the man page. */
export const allCommands = (): Promise<Command[]> => Promise.all(Object.values(COMMANDS).map(async (load) => (await load()).command));
