// What to do next, worked out from where things stand: the few that matter, the most pressing first.
import type { AppState } from '../messages.ts';
import type { VaultState } from '../vault/messages.ts';

export type NextStep =
  | { kind: 'connect' | 'fund' | 'deploy' | 'back-up' }
  | { kind: 'answer'; jobId: string; title: string }
  | { kind: 'draft'; jobId: string; title: string };

const MOST = 4;

export function nextSteps(app: AppState, vault: VaultState | null): NextStep[] {
  const steps: NextStep[] = [];
  for (const { jobId, title, wantsDecision } of app.jobs) if (wantsDecision) steps.push({ kind: 'answer', jobId, title });
  if (app.network.state === 'none' || app.network.state === 'failed') steps.push({ kind: 'connect' });
  else if (app.wallet !== null && app.wallet.isKnown && app.wallet.baseUnits === 0n) steps.push({ kind: 'fund' });
  for (const { jobId, title, job, key } of app.jobs) if (job === 'draft' && key !== 'lost') steps.push({ kind: 'draft', jobId, title });
  if (vault !== null && vault.state !== 'empty' && !vault.isBackedUp) steps.push({ kind: 'back-up' });
  if (app.network.state === 'ready' && app.network.record !== null && !app.jobs.some((job) => !job.hasEnded))
    steps.push({ kind: 'deploy' });
  return steps.slice(0, MOST);
}
