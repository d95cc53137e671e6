// The WebSocket transport, with what comes before its handshake bounded as it is loaded.
import { loadChanged, type Change } from './load-changed.ts';

const LISTENER = /\/@libp2p\/websockets\/dist\/src\/listener\.js$/;
/** For the request that asks for a WebSocket: one packet. */
const UPGRADE_LIMIT_MS = 5_000;

/** A socket that sends nothing, or no request for a WebSocket, stayed open for ever, uncounted, until the process had no file descriptors left. */
const CHANGES: Change[] = [
  {
    file: LISTENER,
    from: `(socket) => {
            this.onSocketConnection(socket)`,
    to: `(socket) => {
            const leave = init.admit?.(socket.remoteAddress ?? '');
            if (leave === null) {
                socket.destroy();
                return;
            }
            const tooLate = setTimeout(() => socket.destroy(), ${UPGRADE_LIMIT_MS});
            tooLate.unref();
            socket.hasUpgraded = () => {
                clearTimeout(tooLate);
                leave?.();
            };
            socket.once('error', () => socket.destroy());
            socket.once('close', socket.hasUpgraded);
            this.onSocketConnection(socket)`,
  },
  {
    file: LISTENER,
    from: 'onUpgrade(req, socket, head) {',
    to: `onUpgrade(req, socket, head) {
        socket.hasUpgraded?.();`,
  },
];

/** Loads `@libp2p/websockets`; nothing else in the agent may import its values, for the first import decides. */
export const loadWebsocketTransport = (): Promise<typeof import('@libp2p/websockets')> =>
  loadChanged(CHANGES, () => import('@libp2p/websockets'));
