// Locks the vault when the machine's screen is locked. The background script is told of the screen, and only a document reaches the vault.
import type { FromVault, ToVault } from '../vault/messages.ts';

/** What the background script says to the host (offscreen document) by runtime.sendMessage. */
export const LOCK_VAULT = 'lock-vault';

/** `port`: a new one to the vault. A port may lead to a worker that is ending, so nothing is sent before it has spoken. */
export function lockVault(port: MessagePort): void {
  let isAsked = false;
  port.onmessage = ({ data }: MessageEvent<FromVault>) => {
    if (data.type === 'reply' || data.type === 'failed' || data.type === 'closing') {
      port.close();
      return;
    }
    if (isAsked) return;
    isAsked = true;
    port.postMessage({ id: 0, request: { type: 'lock' } } satisfies ToVault);
  };
  port.start();
}
