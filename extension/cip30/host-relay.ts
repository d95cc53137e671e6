// In the host: joins a document's runtime port with a MessagePort of the runner, and passes on only what has the shape of a call.
import { CALL_ARRIVED, isAnswerMessage, isCallMessage, type DappDocument, type RuntimePort } from './wire.ts';

/** First message to the runner: who asks. Then calls; null: the document is gone. */
export type ToRunner = DappDocument | [id: number, text: string] | null;
/** What the runner says: an answer, that a call has come, that the person is wanted, or null: it is done with this document. */
export type FromRunner = [id: number, isOk: boolean, text: string] | typeof CALL_ARRIVED | { open: string } | null;

const APPROVAL_ID = /^[0-9a-f]{32}$/;

/** `runner`: one end of a channel whose other end the runner gets. */
export function relay(asker: DappDocument, page: RuntimePort, runner: MessagePort, openApproval: (dappId: string) => void): void {
  const end = (): void => {
    runner.postMessage(null satisfies ToRunner);
    runner.close();
  };
  page.onMessage.addListener((message) => {
    if (isCallMessage(message)) runner.postMessage(message satisfies ToRunner);
  });
  page.onDisconnect.addListener(end);
  runner.onmessage = ({ data }: MessageEvent<FromRunner>) => {
    if (isAnswerMessage(data) || data === CALL_ARRIVED) page.postMessage(data);
    else if (data === null) page.disconnect();
    else if ('open' in data && APPROVAL_ID.test(data.open)) openApproval(data.open);
  };
  // The runner ended: the bridge connects anew.
  runner.addEventListener('close', () => page.disconnect());
  runner.postMessage(asker satisfies ToRunner);
}
