// The approve window over a runner that the test plays.
import { signal } from '@preact/signals';
import { NunetError } from '@nunet/shared/errors.ts';
import { expect, test } from 'vitest';
import { sampleApp } from '../ui/fake-runner.ts';
import type { AppState, PageRequest } from '../messages.ts';
import { nextScreen, startApproveFlow } from './approve-flow.ts';
import type { DappPending } from './page-messages.ts';

const question = (id: number, change: Partial<DappPending> = {}): DappPending => ({
  dappId: id.toString(16).padStart(32, '0'),
  origin: `https://${id}.example`,
  frame: '1.a',
  askedAtMs: id,
  account: 0,
  network: 'devnet',
  what: { kind: 'connect', extensions: [] },
  ...change,
});
const [one, two] = [question(1), question(2)];
const none = new Set<string>();

function played(pending: DappPending[], wantedId = one.dappId) {
  const app = signal<AppState | null>(null);
  const ready = signal(true);
  const asked: PageRequest[] = [];
  let refusal: NunetError | null = null;
  let isDone = false;
  const say = (now: DappPending[]): void => void (app.value = sampleApp(0, { dapps: { pending: now, grants: [] } }));
  const flow = startApproveFlow({
    runner: {
      app,
      ready,
      ask: (async (request: PageRequest) => {
        asked.push(request);
        if (refusal !== null && request.type === 'resolve-dapp') throw refusal;
        return null;
      }) as never,
    },
    wantedId,
    onDone: () => (isDone = true),
  });
  say(pending);
  return {
    flow,
    say,
    asked,
    isDone: () => isDone,
    refuseWith: (error: NunetError | null) => (refusal = error),
    answers: () => asked.filter(({ type }) => type === 'resolve-dapp'),
  };
}

test('shows the question that the window was opened for, else the oldest, and tells that it does', () => {
  const { flow, asked } = played([one, two], two.dappId);
  expect(flow.screen.value).toEqual({ screen: 'question', pending: two });
  expect(asked).toEqual([{ type: 'show-dapp', dappId: two.dappId }]);
  expect(nextScreen({ screen: 'loading' }, [one, two], 'unknown', none)).toEqual({ screen: 'question', pending: one });
});

test('waits for the runner before it says that nobody asks', () => {
  expect(
    startApproveFlow({
      runner: { app: signal(null), ready: signal(false), ask: (async () => null) as never },
      wantedId: '',
      onDone: () => undefined,
    }).screen.value,
  ).toEqual({ screen: 'loading' });
  expect(nextScreen({ screen: 'loading' }, [], one.dappId, none)).toEqual({ screen: 'nothing' });
});

test('cannot be made to show another question under the person’s hand', () => {
  const { flow, say } = played([one]);
  say([two, one]);
  expect(flow.screen.value).toEqual({ screen: 'question', pending: one });
  say([two]);
  expect(flow.screen.value).toEqual({ screen: 'gone', more: true });
  flow.next();
  expect(flow.screen.value).toEqual({ screen: 'question', pending: two });
});

test('a question whose account changed is shown with the new one, and answered with what was shown', async () => {
  const { flow, say, answers } = played([one]);
  const moved = { ...one, account: 3, network: 'preprod' };
  say([moved]);
  expect(flow.screen.value).toEqual({ screen: 'question', pending: moved });
  await flow.connect(moved, 7);
  expect(answers()).toEqual([
    { type: 'resolve-dapp', dappId: one.dappId, answer: { kind: 'connect', account: 3, network: 'preprod', days: 7 } },
  ]);
});

test('after an answer the next question comes; after the last one the window is done', async () => {
  const { flow, say, isDone } = played([one, two]);
  await flow.connect(one, 30);
  expect(flow.screen.value).toEqual({ screen: 'question', pending: two });
  expect(isDone()).toBe(false);
  await flow.refuse(two);
  say([]);
  expect(isDone()).toBe(true);
});

test('a window that closes refuses what it shows, once', async () => {
  const { flow, answers } = played([one]);
  flow.leave();
  flow.leave();
  expect(answers()).toEqual([{ type: 'resolve-dapp', dappId: one.dappId, answer: null }]);
});

test('cannot refuse afterwards what was approved', async () => {
  const { flow, answers } = played([one]);
  await flow.connect(one, 30);
  flow.leave();
  expect(answers()).toHaveLength(1);
});

test('an answer that the runner does not take leaves the question where it is', async () => {
  const { flow, refuseWith, answers } = played([one]);
  refuseWith(new NunetError('dapp-ground-changed', 'look again'));
  await expect(flow.connect(one, 30)).rejects.toMatchObject({ code: 'dapp-ground-changed' });
  expect(flow.screen.value).toEqual({ screen: 'question', pending: one });
  refuseWith(null);
  await flow.connect(one, 30);
  expect(answers()).toHaveLength(2);
});
