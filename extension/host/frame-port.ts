// How a frame of opaque origin gets its one port from the page that mounted it.

/** What the window message that carries the port says. */
const FRAME_PORT = 'nunet-frame-port';

/** Page side, once the frame has loaded. The frame's origin is opaque, so the message cannot name one. */
export const givePort = (frame: Pick<Window, 'postMessage'>, port: MessagePort): void => frame.postMessage(FRAME_PORT, '*', [port]);

/** Frame side: the first port that the parent gives; nothing else that is posted to the window counts. */
export function takePort(scope: Pick<Window, 'addEventListener' | 'removeEventListener' | 'parent'>): Promise<MessagePort> {
  return new Promise((resolve) => {
    const onMessage = (event: MessageEvent): void => {
      const [port] = event.ports;
      if (event.source !== scope.parent || event.data !== FRAME_PORT || port === undefined) return;
      scope.removeEventListener('message', onMessage);
      resolve(port);
    };
    scope.addEventListener('message', onMessage);
  });
}
