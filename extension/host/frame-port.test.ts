import { expect, test } from 'vitest';
import { givePort, takePort } from './frame-port.ts';

/** A window as the frame sees it: what is posted to it, and from whom, is in the test's hand. */
function frameWindow() {
  const parent = {} as Window;
  const events = new EventTarget();
  const scope = {
    parent,
    addEventListener: events.addEventListener.bind(events),
    removeEventListener: events.removeEventListener.bind(events),
  } as unknown as Pick<Window, 'addEventListener' | 'removeEventListener' | 'parent'>;
  const post = (source: unknown, data: unknown, ports: MessagePort[]): void => {
    events.dispatchEvent(Object.assign(new Event('message'), { source, data, ports }));
  };
  const fromParent: Pick<Window, 'postMessage'> = {
    postMessage: (data: unknown, _target: unknown, ports?: Transferable[]) => post(parent, data, (ports ?? []) as MessagePort[]),
  };
  return { scope, post, fromParent };
}

const port = (): MessagePort => new MessageChannel().port1;

test('a frame takes the port that its parent gives', async () => {
  const { scope, fromParent } = frameWindow();
  const taken = takePort(scope);
  const given = port();
  givePort(fromParent, given);
  expect(await taken).toBe(given);
});

test('cannot give a port from another window, with other words, or after the first', async () => {
  const { scope, post, fromParent } = frameWindow();
  const taken = takePort(scope);
  post({}, 'nunet-frame-port', [port()]);
  post(scope.parent, 'something else', [port()]);
  post(scope.parent, 'nunet-frame-port', []);
  const first = port();
  givePort(fromParent, first);
  givePort(fromParent, port());
  expect(await taken).toBe(first);
});
