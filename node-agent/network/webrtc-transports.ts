// The WebRTC transports, with a leak of node-datachannel 0.33.4 closed: a peer connection forgets the channels that it opened
// itself when they close, but keeps those that the other side opened, 17 kB each (measured), until the connection ends. Each
// libp2p stream is one channel, so a stranger could fill the memory, and libp2p's own pings take 150 MB a day a connection.
import { registerHooks } from 'node:module';

const FILE = /\/node-datachannel\/dist\/esm\/polyfill\/RTCPeerConnection\.mjs$/;
const LEAK = '__privateGet(this, _dataChannels).add(dc);';
const CLOSED = `${LEAK}
      dc.addEventListener("close", () => {
        __privateGet(this, _dataChannels).delete(dc);
        __privateWrapper(this, _dataChannelsClosed)._++;
      });`;

/** Loads `@libp2p/webrtc`; nothing else may import its values, for the first import decides. A release without the leak passes unchanged. */
export async function loadWebrtcTransports(): Promise<typeof import('@libp2p/webrtc')> {
  const hooks = registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!FILE.test(url) || loaded.source === null || loaded.source === undefined) return loaded;
      const source = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source);
      return { ...loaded, source: source.replace(LEAK, CLOSED) };
    },
  });
  try {
    return await import('@libp2p/webrtc');
  } finally {
    hooks.deregister();
  }
}
