// Two ends of a runtime port within one context: where router and host are one page (Firefox), and in tests of the whole way.
import type { RuntimePort } from './wire.ts';

interface Side {
  messages: ((message: unknown) => void)[];
  ends: (() => void)[];
  isOpen: boolean;
}

/** As a browser does it: what is said arrives later, and an end is told to the other side only. */
export function portPair(name: string): [RuntimePort, RuntimePort] {
  const sides: [Side, Side] = [
    { messages: [], ends: [], isOpen: true },
    { messages: [], ends: [], isOpen: true },
  ];
  const end = (own: Side, other: Side): RuntimePort => ({
    name,
    onMessage: { addListener: (listener) => void own.messages.push(listener) },
    onDisconnect: { addListener: (listener) => void own.ends.push(listener) },
    postMessage(message) {
      if (!own.isOpen) throw new Error('Attempting to use a disconnected port object');
      queueMicrotask(() => {
        if (other.isOpen) for (const listener of other.messages) listener(message);
      });
    },
    disconnect() {
      if (!own.isOpen) return;
      own.isOpen = false;
      queueMicrotask(() => {
        if (!other.isOpen) return;
        other.isOpen = false;
        for (const listener of other.ends) listener();
      });
    },
  });
  return [end(sides[0], sides[1]), end(sides[1], sides[0])];
}
