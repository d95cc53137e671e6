// Keeps one network frame alive: mounts it, gives it one port, listens for its heartbeat, and mounts it anew when it falls
// silent, ends, leaves its page or floods. What the frame says is a stranger's.
import { PeerLimits } from '@nunet/shared/peer-limits.ts';
import type { FrameConfig, NetworkFrameState } from '../host/messages.ts';
import { FRAME_VERSION, frameToHost, type HostMessage } from './frame-messages.ts';

/** A frame in the document. */
export interface MountedFrame {
  /** Hands the port to the page in it. */
  give(port: MessagePort): void;
  remove(): void;
}

export interface FrameHostParts {
  /** `onLoad` is called at each load of the frame: the second one means that it went elsewhere. */
  mount: (onLoad: () => void) => MountedFrame;
  config: FrameConfig;
  onState: (frame: NetworkFrameState, counts: { mount: number; remounts: number }) => void;
  /** Milliseconds from any fixed origin. */
  now: () => number;
  /** Calls `act` once after `ms`; the result cancels. */
  after: (ms: number, act: () => void) => () => void;
}

export interface FrameHost {
  /** Hands a port to the frame that is mounted now; without one it is closed. */
  addClient(port: MessagePort, role: 'runner' | 'page'): void;
  /** The frame broke a rule that only its clients see. */
  remount(why: string): void;
  close(): void;
}

const HEARTBEAT_MS = 1_000;
/** Counted in beats, not in time: a machine that slept finds its frame alive. */
const MISSED_BEATS = 5;
/** Until its script has run and libp2p has started; 82 to 258 ms measured on an idle machine. */
const MISSED_BEATS_AT_START = 20;
/** A frame answers one beat a second. */
const MESSAGE_LIMIT = { maxOpenAPeer: Infinity, maxOpen: Infinity, burst: 30, perSecond: 5 };
/** The first remount comes at once, the next ones ever later while the frame does not stay up. */
const LAST_PAUSE_MS = 30_000;
const STEADY_AFTER_MS = 60_000;

export function hostFrame(parts: FrameHostParts): FrameHost {
  let mount = 0;
  let remounts = 0;
  let failuresInARow = 0;
  let current: Mounted | undefined;
  let cancelPause = (): void => undefined;

  const tell = (frame: NetworkFrameState): void => parts.onState(frame, { mount, remounts });
  const mountNow = (): void => {
    mount += 1;
    const mountedAt = parts.now();
    tell({ state: 'starting' });
    current = mountFrame(parts, {
      onReady: (peerId) => tell({ state: 'ready', peerId }),
      onGone: (why) => {
        current = undefined;
        if (parts.now() - mountedAt > STEADY_AFTER_MS) failuresInARow = 0;
        remounts += 1;
        tell({ state: 'gone', why });
        const pauseMs = failuresInARow === 0 ? 0 : Math.min(LAST_PAUSE_MS, 500 * 2 ** failuresInARow);
        failuresInARow += 1;
        cancelPause = parts.after(pauseMs, mountNow);
      },
    });
  };
  mountNow();
  return {
    addClient(port, role) {
      if (current === undefined) port.close();
      else current.addClient(port, role);
    },
    remount: (why) => current?.end(why),
    close() {
      cancelPause();
      const last = current;
      current = undefined;
      last?.remove();
      tell({ state: 'none' });
    },
  };
}

interface Mounted {
  addClient(port: MessagePort, role: 'runner' | 'page'): void;
  /** As if it had died. */
  end(why: string): void;
  remove(): void;
}

/** One frame from its mounting to its end; `onGone` is called once, and not after `remove`. */
function mountFrame(
  { mount, config, now, after }: FrameHostParts,
  on: { onReady: (peerId: string) => void; onGone: (why: string) => void },
): Mounted {
  const { port1: port, port2 } = new MessageChannel();
  const limits = new PeerLimits(MESSAGE_LIMIT, now);
  let isOver = false;
  let isReady = false;
  let beats = 0;
  let heardBeat = 0;
  let loads = 0;
  let cancelBeat = (): void => undefined;

  const say = (message: HostMessage, transfer: MessagePort[] = []): void => port.postMessage(message, transfer);
  const remove = (): void => {
    isOver = true;
    cancelBeat();
    port.close();
    frame.remove();
  };
  const end = (why: string): void => {
    if (isOver) return;
    remove();
    on.onGone(why);
  };
  const beat = (): void => {
    if (beats - heardBeat >= (isReady ? MISSED_BEATS : MISSED_BEATS_AT_START)) return end('it fell silent');
    beats += 1;
    say({ type: 'ping', n: beats });
    cancelBeat = after(HEARTBEAT_MS, beat);
  };

  port.addEventListener('message', (event: MessageEvent) => {
    if (isOver) return;
    const admission = limits.admit('frame');
    if (admission.type !== 'admitted') return end('it floods its host with messages');
    admission.release();
    const parsed = frameToHost.safeParse(event.data);
    if (!parsed.success || event.ports.length > 0) return end('it sent a message that is none');
    const message = parsed.data;
    switch (message.type) {
      case 'pong':
        if (message.n > beats) return end('it answered what was not asked');
        heardBeat = Math.max(heardBeat, message.n);
        return;
      case 'ready':
        if (isReady) return end('it started twice');
        isReady = true;
        // Beats that went unheard while it started are forgiven.
        heardBeat = beats;
        on.onReady(message.peerId);
        return;
      case 'failed':
        end(`it could not start: ${message.message}`);
    }
  });
  // Said when the other end was closed. A process that died says nothing (Chromium 156): the beats find it, after 5.8 s measured.
  port.addEventListener('close', () => end('it closed its port'));
  port.start();
  say({ type: 'start', v: FRAME_VERSION, config });

  const frame = mount(() => {
    loads += 1;
    // One port, once: whatever page comes next in this frame is not ours.
    if (loads > 1) return end('it left its page');
    frame.give(port2);
    beat();
  });
  return {
    addClient: (client, role) => say({ type: 'client', role }, [client]),
    end,
    remove,
  };
}
