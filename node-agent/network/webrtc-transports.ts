// The WebRTC transports, with two things of their libraries changed as they are loaded.
import { registerHooks } from 'node:module';
import { LARGER_MESSAGES } from '@nunet/shared/webrtc-messages.ts';

interface Change {
  file: RegExp;
  from: string;
  to: string;
}

/**
 * A leak of node-datachannel 0.33.4: a peer connection forgets the channels that it opened itself when they close, but keeps
 * those that the other side opened, 17 kB each (measured), until the connection ends. Each libp2p stream is one channel, so a
 * stranger could fill the memory, and libp2p's own pings take 150 MB a day a connection.
 */
const LEAK: Change = {
  file: /\/node-datachannel\/dist\/esm\/polyfill\/RTCPeerConnection\.mjs$/,
  from: '__privateGet(this, _dataChannels).add(dc);',
  to: `__privateGet(this, _dataChannels).add(dc);
      dc.addEventListener("close", () => {
        __privateGet(this, _dataChannels).delete(dc);
        __privateWrapper(this, _dataChannelsClosed)._++;
      });`,
};

const CHANGES = [LEAK, LARGER_MESSAGES];

/** Loads `@libp2p/webrtc`; nothing else may import its values, for the first import decides. A release that has other code passes unchanged. */
export async function loadWebrtcTransports(): Promise<typeof import('@libp2p/webrtc')> {
  const hooks = registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const change = CHANGES.find(({ file }) => file.test(url));
      if (change === undefined || loaded.source === null || loaded.source === undefined) return loaded;
      const source = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source);
      return { ...loaded, source: source.replace(change.from, change.to) };
    },
  });
  try {
    return await import('@libp2p/webrtc');
  } finally {
    hooks.deregister();
  }
}
