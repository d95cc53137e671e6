// Entry of the script in every page's own world: `window.cardano.nunet`.
import { defineContentScript } from 'wxt/utils/define-content-script';
import { addWallet } from '../cip30/stub.ts';

const script: ReturnType<typeof defineContentScript> = defineContentScript({
  matches: ['http://*/*', 'https://*/*'],
  world: 'MAIN',
  runAt: 'document_start',
  main() {
    addWallet(window);
  },
});
export default script;
