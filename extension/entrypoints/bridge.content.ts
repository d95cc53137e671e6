// Entry of the script that stands between a page and the wallet, in a world of its own.
import { browser } from 'wxt/browser';
import { defineContentScript } from 'wxt/utils/define-content-script';
import { bridge } from '../cip30/bridge.ts';
import { listenToPage } from '../cip30/page-port.ts';

const script: ReturnType<typeof defineContentScript> = defineContentScript({
  matches: ['http://*/*', 'https://*/*'],
  runAt: 'document_start',
  main() {
    const documentId = [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    const toWallet = bridge({
      connect: (name) => browser.runtime.connect({ name }),
      after: (ms, act) => void setTimeout(act, ms),
      documentId,
    });
    listenToPage(window, (port) => toWallet.take(port));
  },
});
export default script;
