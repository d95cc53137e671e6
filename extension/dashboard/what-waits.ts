// What waits for the person, wherever they are in the dashboard: in the order in which it should be seen to.
import type { AppState } from '../messages.ts';
import type { VaultState } from '../vault/messages.ts';

export type Banner =
  /** What the vault stores cannot be read. */
  | { kind: 'vault-failed'; code: string; message: string }
  /** A transaction of the runner's own waits for a signature. */
  | { kind: 'signing'; jobId: string; title: string; others: number }
  /** Jobs stand still until the vault is open. */
  | { kind: 'unlock'; jobs: number }
  /** A page asks for something. */
  | { kind: 'dapp'; asks: number }
  /** The words were never shown to be written down. */
  | { kind: 'back-up' };

export function bannersOf(app: AppState | null, vault: VaultState | null): Banner[] {
  const banners: Banner[] = [];
  if (vault?.state === 'failed')
    banners.push({
      kind: 'vault-failed',
      ...(vault.problem ?? { code: 'vault-damaged', message: 'The wallet of this browser cannot be read.' }),
    });
  const [signing] = app?.signings ?? [];
  if (app !== null && signing !== undefined)
    banners.push({ kind: 'signing', jobId: signing.jobId, title: signing.title, others: app.signings.length - 1 });
  const waiting = (app?.jobs ?? []).filter((job) => job.key === 'wanted' && !job.hasEnded).length;
  if (waiting > 0 && vault?.state === 'locked') banners.push({ kind: 'unlock', jobs: waiting });
  const asks = app?.dapps.pending.length ?? 0;
  if (asks > 0) banners.push({ kind: 'dapp', asks });
  if (vault?.state === 'open' && !vault.isBackedUp) banners.push({ kind: 'back-up' });
  return banners;
}
