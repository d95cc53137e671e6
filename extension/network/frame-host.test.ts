import { samplePeerId } from '@nunet/shared/samples.ts';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { FrameConfig, NetworkFrameState } from '../host/messages.ts';
import { hostFrame } from './frame-host.ts';

const config: FrameConfig = { seed: new Uint8Array(32), network: 'devnet', allowPrivate: true, hubs: [] };
const peerId = samplePeerId('agent');

/** A host with time in the test's hand, and the frames that it mounted, played by the test. */
function world() {
  const frames: {
    load: () => void;
    port: MessagePort | undefined;
    given: number;
    removed: boolean;
    heard: { type: string; n?: number }[];
  }[] = [];
  const states: NetworkFrameState[] = [];
  const timers = new Map<() => void, number>();
  const clock = { now: 0 };
  const counts = { mount: 0, remounts: 0 };
  const host = hostFrame({
    config,
    mount: (onLoad) => {
      const frame: (typeof frames)[number] = { load: onLoad, port: undefined, given: 0, removed: false, heard: [] };
      frames.push(frame);
      return {
        give: (port) => {
          frame.given += 1;
          frame.port = port;
          port.addEventListener('message', ({ data }: MessageEvent) => frame.heard.push(data));
          port.start();
        },
        remove: () => (frame.removed = true),
      };
    },
    onState: (frame, now) => {
      states.push(frame);
      Object.assign(counts, now);
    },
    now: () => clock.now,
    after: (ms, act) => {
      timers.set(act, clock.now + ms);
      return () => timers.delete(act);
    },
  });
  onTestFinished(() => {
    host.close();
    for (const { port } of frames) port?.close();
  });
  const pass = (ms: number): void => {
    const until = clock.now + ms;
    for (;;) {
      const [next] = [...timers].filter(([, at]) => at <= until).sort((a, b) => a[1] - b[1]);
      if (next === undefined) break;
      timers.delete(next[0]);
      clock.now = Math.max(clock.now, next[1]);
      next[0]();
    }
    clock.now = until;
  };
  const frame = (n: number) => {
    const found = frames[n];
    if (found === undefined) throw new Error(`frame ${n} was not mounted`);
    return found;
  };
  const say = (n: number, message: unknown): void => frame(n).port?.postMessage(message, []);
  const ready = async (n: number): Promise<void> => {
    frame(n).load();
    say(n, { type: 'ready', v: 1, peerId });
    await vi.waitFor(() => expect(states.at(-1)).toEqual({ state: 'ready', peerId }));
  };
  return { host, frames, states, counts, clock, pass, frame, say, ready };
}

test('a frame is mounted, started with its configuration, and asked once a second whether it lives', async () => {
  const { states, pass, frame, say, ready } = world();
  expect(states).toEqual([{ state: 'starting' }]);
  await ready(0);
  for (let n = 2; n < 20; n++) {
    pass(1_000);
    say(0, { type: 'pong', n });
    await vi.waitFor(() => expect(frame(0).heard.at(-1)).toEqual({ type: 'ping', n }));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  expect(frame(0).heard[0]).toMatchObject({ type: 'start', v: 1 });
  expect(states).toHaveLength(2);
});

test('five silent seconds mount it anew, with the same key', async () => {
  const { states, counts, pass, frame, ready } = world();
  await ready(0);
  pass(4_500);
  expect(frame(0).removed).toBe(false);
  pass(1_500);
  expect(frame(0).removed).toBe(true);
  expect(states.slice(-2)).toEqual([{ state: 'gone', why: 'it fell silent' }, { state: 'starting' }]);
  expect(counts).toEqual({ mount: 2, remounts: 1 });
  await ready(1);
  await vi.waitFor(() => expect(frame(1).heard[0]).toMatchObject({ type: 'start', config: { seed: config.seed } }));
});

test('a host that slept does not take its frame for dead', async () => {
  const { states, clock, pass, ready } = world();
  await ready(0);
  clock.now += 3_600_000;
  pass(1);
  expect(states.at(-1)).toEqual({ state: 'ready', peerId });
});

test('a frame that dies again and again is mounted ever less often', async () => {
  const { frames, say, pass, frame } = world();
  for (let n = 0; n < 12; n++) {
    frame(n).load();
    say(n, { type: 'failed', message: 'no WebRTC here' });
    await vi.waitFor(() => expect(frame(n).removed).toBe(true));
    if (n > 0) {
      pass(900);
      expect(frames).toHaveLength(n + 1);
    }
    pass(30_000);
    expect(frames).toHaveLength(n + 2);
  }
});

test('a client port goes to the frame; while there is none it is closed', async () => {
  const { host, frame, say, pass } = world();
  frame(0).load();
  const { port1, port2 } = new MessageChannel();
  host.addClient(port2, 'runner');
  await vi.waitFor(() => expect(frame(0).heard).toContainEqual({ type: 'client', role: 'runner' }));
  port1.close();
  say(0, { type: 'failed', message: '' });
  await vi.waitFor(() => expect(frame(0).removed).toBe(true));
  pass(1);
  frame(1).load();
  say(1, { type: 'failed', message: '' });
  await vi.waitFor(() => expect(frame(1).removed).toBe(true));
  const late = new MessageChannel();
  const closed = new Promise((resolve) => late.port1.addEventListener('close', resolve));
  late.port1.start();
  host.addClient(late.port2, 'page');
  await closed;
});

test('cannot be given a second port by loading another page', async () => {
  const { frame, states, ready } = world();
  await ready(0);
  frame(0).load();
  expect(frame(0).given).toBe(1);
  expect(frame(0).removed).toBe(true);
  expect(states).toContainEqual({ state: 'gone', why: 'it left its page' });
});

test('cannot flood its host', async () => {
  const { frame, say, states, ready } = world();
  await ready(0);
  for (let n = 0; n < 1_000; n++) say(0, { type: 'pong', n: 1 });
  await vi.waitFor(() => expect(frame(0).removed).toBe(true));
  expect(states).toContainEqual({ state: 'gone', why: 'it floods its host with messages' });
});

test.each([
  ['a message that is none', { type: 'noise' }],
  ['a pulse for beats to come', { type: 'pong', n: 1_000_000 }],
  ['a second start', { type: 'ready', v: 1, peerId }],
  ['another version', { type: 'ready', v: 2, peerId }],
])('cannot send %s', async (_, message) => {
  const { frame, say, ready } = world();
  await ready(0);
  say(0, message);
  await vi.waitFor(() => expect(frame(0).removed).toBe(true));
});
