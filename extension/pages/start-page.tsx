// Starts a page without routes (onboarding, popup, side panel, approve window): language, theme, its ports to runner and vault, and the
// first drawing.
import { effect } from '@preact/signals';
import { render, type JSX } from 'preact';
import { browser } from 'wxt/browser';
// Not from messages.ts, whose schemas are for the runner: they would be 48 of the popup's 116 kB gzip.
import { ENSURE_HOST, RUNNER } from '../host/names.ts';
import { startCover } from '../ui/cover.ts';
import { createPage } from '../ui/create-page.ts';
import { language, startLanguage } from '../ui/i18n.ts';
import { PageContext } from '../ui/page.ts';
import { watchPerson } from '../ui/person-there.ts';
import { startTheme } from '../ui/theme.ts';
import { VAULT } from '../vault/messages.ts';
import { openOwnTab } from '../host/own-tab.ts';
import { WayOutContext, type WayOut } from './way-out.ts';

interface StartPage {
  title: () => string;
  content: () => JSX.Element;
  /** False in the side panel itself. */
  offersSidePanel: boolean;
  /** A popup goes away once another page is opened. */
  closesOnOpen: boolean;
}

export function startPage({ title, content: Content, offersSidePanel, closesOnOpen }: StartPage): void {
  startLanguage(localStorage, navigator.languages);
  startTheme(localStorage, document.documentElement);
  startCover(localStorage, window);
  const page = createPage({
    openRunner: () => new SharedWorker(RUNNER.script, { name: RUNNER.name }).port,
    openVault: () => new SharedWorker(VAULT.script, { name: VAULT.name }).port,
    ensureHost: () => void browser.runtime.sendMessage(ENSURE_HOST).catch(() => undefined),
  });
  watchPerson(page.vault, window, () => Date.now());
  const wayOut: WayOut = {
    open: (path) => {
      void openOwnTab(path).finally(() => {
        if (closesOnOpen) window.close();
      });
    },
    openSidePanel: offersSidePanel ? sidePanelOpener() : null,
  };
  effect(() => {
    document.documentElement.lang = language.value;
    document.title = `${title()} · NuNet`;
  });
  const root = document.querySelector('#app');
  if (root === null) return;
  render(
    <PageContext.Provider value={page}>
      <WayOutContext.Provider value={wayOut}>
        <Content />
      </WayOutContext.Provider>
    </PageContext.Provider>,
    root,
  );
}

/** Both browsers open it on a click only; which window it belongs to has to be known by then. */
function sidePanelOpener(): () => void {
  // Firefox has a sidebar instead, which the shared types do not know.
  const { sidebarAction } = browser as unknown as { sidebarAction?: { open: () => Promise<void> } };
  if (sidebarAction !== undefined) return () => void sidebarAction.open();
  let windowId: number | undefined;
  void browser.windows.getCurrent().then(({ id }) => (windowId = id));
  return () => {
    if (windowId !== undefined) void browser.sidePanel.open({ windowId });
  };
}
