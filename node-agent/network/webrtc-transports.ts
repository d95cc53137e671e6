// The WebRTC transports, with three things of their libraries changed as they are loaded.
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

/**
 * A crash of libdatachannel 0.24.5 (in node-datachannel 0.33.4): its UDP listener never sets its flag "stopped" to false at first. Where
 * that byte is not zero by chance, stopping frees the listener and no more: the port stays open, and the next STUN request of a
 * stranger calls freed memory (6 of 6 processes died so). Hence no listener is ever stopped. One whose node has stopped drops what
 * comes in until the next node of its address takes it over, so that there are only as many as there were nodes at one time.
 * A listener keeps the event loop alive: a program that has listened ends by `process.exit`.
 */
const KEPT_LISTENERS: Change = {
  file: /\/@libp2p\/webrtc\/dist\/src\/private-to-public\/utils\/stun-listener\.js$/,
  from: "import { IceUdpMuxListener } from 'node-datachannel';",
  to: `import { IceUdpMuxListener as NativeListener } from 'node-datachannel';
const idle = [];
function open(port, host) {
    const kept = { port, host, answer: undefined, native: new NativeListener(port, host) };
    // Once: setting another callback races with the library's thread, which may be calling the first one.
    kept.native.onUnhandledStunRequest(request => kept.answer?.(request));
    return kept;
}
class IceUdpMuxListener {
    constructor(port, host) {
        const index = idle.findIndex(kept => kept.port === port && kept.host === host);
        this.kept = index === -1 ? open(port, host) : idle.splice(index, 1)[0];
    }
    onUnhandledStunRequest(answer) {
        this.kept.answer = answer;
    }
    stop() {
        if (idle.includes(this.kept)) return;
        this.kept.answer = undefined;
        idle.push(this.kept);
    }
}
stunListener.idlePort = host => idle.find(kept => kept.host === host)?.port;`,
};

/** Where any port will do, a listener that is idle comes before a new port. */
const IDLE_PORT_FIRST: Change = {
  file: /\/@libp2p\/webrtc\/dist\/src\/private-to-public\/listener\.js$/,
  from: 'port = await getPort();',
  to: 'port = stunListener.idlePort?.(host) ?? await getPort();',
};

const CHANGES = [LEAK, LARGER_MESSAGES, KEPT_LISTENERS, IDLE_PORT_FIRST];

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
