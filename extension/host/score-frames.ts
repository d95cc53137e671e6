// Mounts a fresh /score.html for each scoring and takes it away when asked, or after a limit: it reads bytes of strangers.
import type { MountedFrame } from '../network/frame-host.ts';
import type { HostEvent } from './messages.ts';

/** The runner's own limit is shorter; this one holds when the runner is gone. */
const LIMIT_MS = 15 * 60_000;
const MAX_FRAMES = 4;

export interface ScoreFrames {
  mount(id: number, port: MessagePort): void;
  end(id: number): void;
  endAll(): void;
}

export function scoreFrames(parts: {
  mount: (onLoad: () => void) => MountedFrame;
  after: (ms: number, act: () => void) => () => void;
  say: (event: HostEvent) => void;
}): ScoreFrames {
  const frames = new Map<number, (why: 'asked' | 'limit' | 'crashed') => void>();
  return {
    mount(id, port) {
      if (frames.has(id) || frames.size >= MAX_FRAMES) return port.close();
      let loads = 0;
      const end = (why: 'asked' | 'limit' | 'crashed'): void => {
        if (!frames.delete(id)) return;
        cancel();
        frame.remove();
        if (loads === 0) port.close();
        parts.say({ type: 'score-gone', id, why });
      };
      frames.set(id, end);
      const cancel = parts.after(LIMIT_MS, () => end('limit'));
      const frame = parts.mount(() => {
        loads += 1;
        if (loads > 1) end('crashed');
        else frame.give(port);
      });
    },
    end: (id) => frames.get(id)?.('asked'),
    endAll() {
      for (const end of frames.values()) end('asked');
    },
  };
}
