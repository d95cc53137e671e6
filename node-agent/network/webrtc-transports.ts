// The WebRTC transports, with a few things of their libraries changed as they are loaded.
import { LARGER_MESSAGES } from '@nunet/shared/webrtc-messages.ts';
import type { Leave } from './admission.ts';
import { loadChanged, type Change } from './load-changed.ts';

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

const LISTENER = /\/@libp2p\/webrtc\/dist\/src\/private-to-public\/listener\.js$/;

/** A real peer answers the first check of ICE within a round trip; a forged address never does. */
const ICE_LIMIT_MS = 3_000;

/**
 * Every STUN request with a new user name makes a peer connection, 2.5 ms of CPU each (measured), before anybody has shown that it is
 * there: 200 forged packets a second kept a node from everything else (measured on two busy cores). So the node
 * is asked first (`admit`), a second packet of the same attempt is no second attempt, and what ICE has not confirmed in time is given up.
 */
const ADMITTED: Change[] = [
  {
    file: LISTENER,
    from: `(ufrag, remoteHost, remotePort) => {
                    const signal = this.components.upgrader.createInboundAbortSignal(this.shutdownController.signal);
                    this.incomingConnection(ufrag, remoteHost, remotePort, signal)`,
    to: `(ufrag, remoteHost, remotePort) => {
                    const attempt = remoteHost + ' ' + remotePort + ' ' + ufrag;
                    this.attempts ??= new Set();
                    if (this.attempts.has(attempt) || this.connections.has(remoteHost + ':' + remotePort + ':' + ufrag)) return;
                    const leave = this.init.admit?.(remoteHost);
                    if (leave === null) return;
                    this.attempts.add(attempt);
                    const giveUp = new AbortController();
                    const signal = this.components.upgrader.createInboundAbortSignal(AbortSignal.any([this.shutdownController.signal, giveUp.signal]));
                    this.incomingConnection(ufrag, remoteHost, remotePort, signal, giveUp)`,
  },
  {
    file: LISTENER,
    from: `.finally(() => {
                        signal.clear();`,
    to: `.finally(() => {
                        leave?.();
                        this.attempts.delete(attempt);
                        signal.clear();`,
  },
  {
    file: LISTENER,
    from: 'async incomingConnection(ufrag, remoteHost, remotePort, signal) {',
    to: 'async incomingConnection(ufrag, remoteHost, remotePort, signal, giveUp) {',
  },
  {
    file: LISTENER,
    from: 'this.connections.set(key, peerConnection);',
    to: `this.connections.set(key, peerConnection);
        const unproven = setTimeout(() => giveUp?.abort(new Error('ICE got no answer')), ${ICE_LIMIT_MS});
        unproven.unref();
        peerConnection.addEventListener('iceconnectionstatechange', () => {
            if (peerConnection.iceConnectionState !== 'new' && peerConnection.iceConnectionState !== 'checking') clearTimeout(unproven);
        });`,
  },
  // The same over a relay: each offer makes a peer connection, and here the other peer has a name.
  {
    file: /\/@libp2p\/webrtc\/dist\/src\/private-to-private\/transport\.js$/,
    from: `(stream, connection) => {
            // ensure we don't try to upgrade forever`,
    to: `(stream, connection) => {
            const leave = this.init.admit?.(connection.remotePeer.toString());
            if (leave === null) return void stream.abort(new Error('Too many connections are on their way'));
            // ensure we don't try to upgrade forever`,
  },
  {
    file: /\/@libp2p\/webrtc\/dist\/src\/private-to-private\/transport\.js$/,
    from: `.finally(() => {
                signal.clear();`,
    to: `.finally(() => {
                leave?.();
                signal.clear();`,
  },
];

/** As the limit of yamux in node.ts: a data channel costs 17 kB from its first message on, whatever protocol it is of. */
export const MAX_INBOUND_STREAMS = 128;
const STREAM_LIMIT: Change = {
  file: /\/@libp2p\/webrtc\/dist\/src\/muxer\.js$/,
  from: `        const stream = createStream({
            ...this.streamOptions,
            ...this.dataChannelOptions,
            channel,
            direction: 'inbound',`,
  to: `        if (this.streams.filter(({ direction }) => direction === 'inbound').length >= ${MAX_INBOUND_STREAMS}) {
            closeChannel(channel, this.log);
            return;
        }
        const stream = createStream({
            ...this.streamOptions,
            ...this.dataChannelOptions,
            channel,
            direction: 'inbound',`,
};

const CHANGES = [LEAK, LARGER_MESSAGES, KEPT_LISTENERS, IDLE_PORT_FIRST, ...ADMITTED, STREAM_LIMIT];

/** An option of both transports that `ADMITTED` adds. `from`: an address, or a peer id. Null: this attempt is dropped. */
export interface Admitting {
  admit(from: string): Leave | null;
}

/** Loads `@libp2p/webrtc`; nothing else may import its values, for the first import decides. */
export const loadWebrtcTransports = (): Promise<typeof import('@libp2p/webrtc')> => loadChanged(CHANGES, () => import('@libp2p/webrtc'));
