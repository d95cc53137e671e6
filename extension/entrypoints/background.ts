// The background script: a router. It sees to it that there is a host, lets web pages through to it by what the browser says of them,
// and opens windows. It holds no state and parses nothing.
import { defineBackground } from 'wxt/utils/define-background';
import { browser } from 'wxt/browser';
import { hostPorts } from '../cip30/host-ports.ts';
import { portPair } from '../cip30/port-pair.ts';
import { askerOf, join, refuse } from '../cip30/router.ts';
import { DAPP_PORT, OPEN_APPROVAL, ROUTED_PORT, type DappDocument, type RuntimePort } from '../cip30/wire.ts';
import { LOCK_VAULT } from '../host/lock-vault.ts';
import { ENSURE_HOST } from '../host/names.ts';
import { ensureOffscreenHost } from '../host/offscreen-host.ts';
import { openApproval } from '../host/open-approval.ts';
import { openOwnTab } from '../host/own-tab.ts';

const background: ReturnType<typeof defineBackground> = defineBackground({
  persistent: true,
  main() {
    // Firefox's background page has a document and stays; Chromium's service worker makes a document for the host.
    const host = import.meta.env.FIREFOX
      ? import('../host/start-host.ts').then(({ startHost }) => startHost(document, (dappId) => void openApproval(dappId)))
      : null;
    const ensureHost = async (): Promise<void> => {
      await (host ?? ensureOffscreenHost());
    };
    const ports = hostPorts({
      tell: (message) => browser.runtime.sendMessage(message),
      ticket: () => crypto.randomUUID().replaceAll('-', ''),
      after: (ms, act) => void setTimeout(act, ms),
    });
    const portToHost = async (asker: DappDocument): Promise<RuntimePort> => {
      if (host === null) {
        await ensureOffscreenHost();
        return ports.open(asker);
      }
      const [mine, theirs] = portPair(ROUTED_PORT);
      (await host).dapp(asker, theirs);
      return mine;
    };

    browser.runtime.onInstalled.addListener(({ reason }) => {
      void ensureHost();
      if (reason === 'install') void openOwnTab('/onboarding.html');
    });
    browser.runtime.onStartup.addListener(() => void ensureHost());
    // Firefox does not tell of a locked screen.
    if (!import.meta.env.FIREFOX)
      browser.idle.onStateChanged.addListener((state) => {
        if (state === 'locked') void ensureHost().then(() => browser.runtime.sendMessage(LOCK_VAULT).catch(() => undefined));
      });
    browser.runtime.onConnect.addListener((port) => {
      if (ports.take(port) || !port.name.startsWith(DAPP_PORT)) return;
      const asker = askerOf(port.name, port.sender, browser.runtime.id);
      if (asker === null) refuse(port);
      else join(port, portToHost(asker));
    });
    browser.runtime.onMessage.addListener((message: unknown, sender, answer: (isReady: boolean) => void) => {
      const isOwnPage = sender.id === browser.runtime.id && sender.url?.startsWith(`${location.origin}/`) === true;
      if (!isOwnPage || typeof message !== 'string') return false;
      if (message.startsWith(OPEN_APPROVAL)) void openApproval(message.slice(OPEN_APPROVAL.length));
      if (message !== ENSURE_HOST) return false;
      ensureHost().then(
        () => answer(true),
        () => answer(false),
      );
      // The answer comes later.
      return true;
    });
  },
});
export default background;
