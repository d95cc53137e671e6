// The background script: opens the dashboard and sees to it that there is a host. It holds no state.
import { defineBackground } from 'wxt/utils/define-background';
import { browser } from 'wxt/browser';
import { ensureOffscreenHost } from '../host/offscreen-host.ts';
import { openDashboard } from '../host/open-dashboard.ts';
import { ENSURE_HOST } from '../host/names.ts';

const background: ReturnType<typeof defineBackground> = defineBackground({
  persistent: true,
  main() {
    // Firefox's background page has a document and stays; Chromium's service worker makes a document for the host.
    if (import.meta.env.FIREFOX) void import('../host/start-host.ts').then(({ startHost }) => startHost(document));
    const ensureHost = (): Promise<void> => (import.meta.env.FIREFOX ? Promise.resolve() : ensureOffscreenHost());

    browser.runtime.onInstalled.addListener(({ reason }) => {
      void ensureHost();
      if (reason === 'install') void openDashboard();
    });
    browser.runtime.onStartup.addListener(() => void ensureHost());
    (browser.action ?? browser.browserAction).onClicked.addListener(() => void openDashboard());
    browser.runtime.onMessage.addListener((message: unknown, sender, answer: (isReady: boolean) => void) => {
      const isOwnPage = sender.id === browser.runtime.id && sender.url?.startsWith(`${location.origin}/`) === true;
      if (message !== ENSURE_HOST || !isOwnPage) return false;
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
