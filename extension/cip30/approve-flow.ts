// Which question the approve window shows, and what becomes of it: answered by its id, refused when the window goes, never replaced under
// the person's hand. No DOM.
import { effect, signal, type ReadonlySignal } from '@preact/signals';
import type { AppState } from '../messages.ts';
import type { RunnerClient } from '../ui/runner-client.ts';
import type { VaultAnswers } from '../vault/messages.ts';
import type { DappPending, DappRequest } from './page-messages.ts';

export type ApproveScreen =
  | { screen: 'loading' }
  | { screen: 'question'; pending: DappPending }
  /** What was shown does not wait any more, and not because of this window. `more`: others do. */
  | { screen: 'gone'; more: boolean }
  /** Nobody asks. */
  | { screen: 'nothing' };

/** Pure. `answered`: ids that this window has answered. */
export function nextScreen(
  before: ApproveScreen,
  pending: readonly DappPending[],
  wantedId: string,
  answered: ReadonlySet<string>,
): ApproveScreen {
  const open = pending.filter(({ dappId }) => !answered.has(dappId));
  const more = open.length > 0;
  if (before.screen === 'gone') return { screen: 'gone', more };
  if (before.screen === 'question') {
    const { dappId } = before.pending;
    const same = open.find((one) => one.dappId === dappId);
    if (same !== undefined) return { screen: 'question', pending: same };
    // Another question does not take the place of this one by itself, unless this one was answered here.
    if (!answered.has(dappId)) return { screen: 'gone', more };
  }
  const next = open.find(({ dappId }) => dappId === wantedId) ?? open[0];
  return next === undefined ? { screen: 'nothing' } : { screen: 'question', pending: next };
}

export interface ApproveFlow {
  readonly screen: ReadonlySignal<ApproveScreen>;
  /** These throw what the runner says; the question stays then. */
  connect(pending: DappPending, days: number): Promise<void>;
  signed(pending: DappPending, answer: VaultAnswers['approve']): Promise<void>;
  refuse(pending: DappPending): Promise<void>;
  /** From "gone" on to the next. */
  next(): void;
  /** The window goes: what it shows is refused. */
  leave(): void;
}

export function startApproveFlow(needs: {
  runner: { app: ReadonlySignal<AppState | null>; ready: ReadonlySignal<boolean>; ask: RunnerClient['ask'] };
  /** Of the address that the window was opened with. */
  wantedId: string;
  /** Nobody asks any more, and something was answered here. */
  onDone: () => void;
}): ApproveFlow {
  const { runner, wantedId } = needs;
  const screen = signal<ApproveScreen>({ screen: 'loading' });
  const answered = new Set<string>();
  let told: string | null = null;

  const look = (from: ApproveScreen): void => {
    const app = runner.app.peek();
    if (app === null || !runner.ready.peek()) return;
    const next = nextScreen(from, app.dapps.pending, wantedId, answered);
    screen.value = next;
    if (next.screen === 'nothing' && answered.size > 0) needs.onDone();
    if (next.screen !== 'question' || next.pending.dappId === told) return;
    told = next.pending.dappId;
    runner.ask({ type: 'show-dapp', dappId: told }).catch(() => undefined);
  };
  effect(() => {
    // Read here, so that each new state is looked at.
    if (runner.app.value !== null && runner.ready.value) look(screen.peek());
  });

  type Answer = Extract<DappRequest, { type: 'resolve-dapp' }>['answer'];
  const resolve = async ({ dappId }: DappPending, answer: Answer): Promise<void> => {
    answered.add(dappId);
    try {
      await runner.ask({ type: 'resolve-dapp', dappId, answer });
    } catch (error) {
      answered.delete(dappId);
      throw error;
    }
    look(screen.peek());
  };
  return {
    screen,
    connect: (pending, days) => resolve(pending, { kind: 'connect', account: pending.account, network: pending.network, days }),
    signed: (pending, answer) => {
      // Proposals of web pages are none of these.
      if (answer.kind === 'owner') throw new TypeError('an order to an agent is no answer to a web page');
      return resolve(pending, answer);
    },
    refuse: (pending) => resolve(pending, null),
    next: () => look({ screen: 'loading' }),
    leave() {
      const now = screen.peek();
      if (now.screen === 'question' && !answered.has(now.pending.dappId)) resolve(now.pending, null).catch(() => undefined);
    },
  };
}
