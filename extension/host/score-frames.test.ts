import { expect, test } from 'vitest';
import type { HostEvent } from './messages.ts';
import { scoreFrames } from './score-frames.ts';

/** Frames that a test loads and watches; nothing passes by itself. */
function world() {
  const frames: { load: () => void; given: MessagePort[]; removed: boolean }[] = [];
  const said: HostEvent[] = [];
  const timers = new Set<() => void>();
  const scores = scoreFrames({
    mount: (load) => {
      const frame = { load, given: [] as MessagePort[], removed: false };
      frames.push(frame);
      return { give: (port) => frame.given.push(port), remove: () => (frame.removed = true) };
    },
    after: (_, act) => {
      timers.add(act);
      return () => timers.delete(act);
    },
    say: (event) => said.push(event),
  });
  const mount = (id: number): MessagePort => {
    const { port1, port2 } = new MessageChannel();
    scores.mount(id, port2);
    port1.close();
    return port2;
  };
  return { scores, frames, said, timers, mount };
}

test('each scoring gets a frame of its own, which is given its port once it has loaded and removed when asked', () => {
  const { scores, frames, said, timers, mount } = world();
  const first = mount(1);
  mount(2);
  expect(frames.map(({ given }) => given)).toEqual([[], []]);
  frames[0]?.load();
  expect(frames[0]?.given).toEqual([first]);
  scores.end(1);
  scores.end(1);
  expect(frames.map(({ removed }) => removed)).toEqual([true, false]);
  expect(said).toEqual([{ type: 'score-gone', id: 1, why: 'asked' }]);
  expect(timers.size).toBe(1);
});

test('all are removed when nobody is left to ask for them', () => {
  const { scores, frames, timers, mount } = world();
  mount(1);
  mount(2);
  scores.endAll();
  expect(frames.map(({ removed }) => removed)).toEqual([true, true]);
  expect(timers.size).toBe(0);
});

test('cannot stay beyond the limit', () => {
  const { frames, said, timers, mount } = world();
  mount(1);
  frames[0]?.load();
  for (const timer of timers) timer();
  expect(frames[0]?.removed).toBe(true);
  expect(said).toEqual([{ type: 'score-gone', id: 1, why: 'limit' }]);
});

test('cannot go to another page and be given a port there', () => {
  const { frames, said, mount } = world();
  mount(1);
  frames[0]?.load();
  frames[0]?.load();
  expect(frames[0]?.given).toHaveLength(1);
  expect(frames[0]?.removed).toBe(true);
  expect(said).toEqual([{ type: 'score-gone', id: 1, why: 'crashed' }]);
});

test('cannot be mounted twice under one number, nor without end', () => {
  const { frames, mount } = world();
  mount(1);
  mount(1);
  for (let id = 2; id < 100; id++) mount(id);
  expect(frames).toHaveLength(4);
});
