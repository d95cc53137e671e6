// What a screen shows beside the record: bounded and plain, whatever an agent says.
import { expect, test } from 'vitest';
import { NOTHING_SHOWN, shownAfter, withNotice, type Shown } from './live-state.ts';

const step = (epoch: number, value: number, name = 'loss') => ({
  type: 'progress' as const,
  phase: 'steps' as const,
  done: 1,
  total: 2,
  epoch,
  metrics: [{ name, value }],
});

test('the curve has one point an epoch, its newest value', () => {
  let shown: Shown = NOTHING_SHOWN;
  for (const [epoch, value] of [
    [1, 3],
    [1, 2],
    [2, 1],
  ] as const)
    shown = shownAfter(shown, step(epoch, value), 0);
  expect(shown.live.curve.map(({ epoch, metrics }) => [epoch, metrics[0]?.value])).toEqual([
    [1, 2],
    [2, 1],
  ]);
  expect(shown.live.progress).toEqual({ phase: 'steps', done: 1, total: 2, epoch: 2 });
});

test('cannot rewrite an epoch that lies behind', () => {
  const shown = [step(1, 5), step(2, 4), step(1, 0)].reduce<Shown>((all, event) => shownAfter(all, event, 0), NOTHING_SHOWN);
  expect(shown.live.curve.map(({ metrics }) => metrics[0]?.value)).toEqual([5, 4]);
});

test('cannot grow without end: points are thinned, old notices go', () => {
  let shown: Shown = NOTHING_SHOWN;
  for (let epoch = 0; epoch < 10_000; epoch++) shown = shownAfter(shown, step(epoch, epoch), 0);
  expect(shown.live.curve.length).toBeLessThanOrEqual(2_001);
  expect(shown.live.curve.at(-1)?.epoch).toBe(9_999);
  for (let n = 0; n < 200; n++) shown = withNotice(shown, 'peer-failure', `no ${n}`, n);
  expect(shown.notices).toHaveLength(50);
  expect(shown.notices.at(-1)?.message).toBe('no 199');
});

test('cannot carry controls or marks that turn text around into names and notices', () => {
  const shown = shownAfter(withNotice(NOTHING_SHOWN, 'x', 'a\u001b[2J\u202eb\nc', 1), step(1, 1, 'lo\u0000ss\u202e'), 2);
  expect(shown.notices[0]?.message).toBe('a [2J b\nc');
  expect(shown.live.curve[0]?.metrics[0]?.name).toBe('lo ss ');
});
