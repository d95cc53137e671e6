// Entry of the dashboard: the page's context, its route and its title, wired to the browser.
import { effect, signal } from '@preact/signals';
import { render } from 'preact';
import { browser } from 'wxt/browser';
import { App } from '../../dashboard/app.tsx';
import { RouterContext, type Router } from '../../dashboard/router.ts';
import { readRoute, routeHash } from '../../dashboard/route.ts';
import { titleOf } from '../../dashboard/title.ts';
import { ENSURE_HOST, RUNNER } from '../../host/names.ts';
import { openOwnTab } from '../../host/own-tab.ts';
import { WayOutContext } from '../../pages/way-out.ts';
import '../../ui/base.css';
import { startCover } from '../../ui/cover.ts';
import { createPage } from '../../ui/create-page.ts';
import { language, startLanguage } from '../../ui/i18n.ts';
import { PageContext } from '../../ui/page.ts';
import { watchPerson } from '../../ui/person-there.ts';
import { startTheme } from '../../ui/theme.ts';
import { VAULT } from '../../vault/messages.ts';

startLanguage(localStorage, navigator.languages);
startTheme(localStorage, document.documentElement);
startCover(localStorage, window);
const page = createPage({
  openRunner: () => new SharedWorker(RUNNER.script, { name: RUNNER.name }).port,
  openVault: () => new SharedWorker(VAULT.script, { name: VAULT.name }).port,
  // The background script may be starting: the client asks again while the host is missing.
  ensureHost: () => void browser.runtime.sendMessage(ENSURE_HOST).catch(() => undefined),
});
const route = signal(readRoute(location.hash));
const router: Router = {
  route,
  go: (to) => {
    location.hash = routeHash(to);
  },
  isUnlocking: signal(false),
};

addEventListener('hashchange', () => {
  route.value = readRoute(location.hash);
  page.closeProblem();
});
// A dropped file that misses its place must not replace the page.
for (const type of ['dragover', 'drop']) addEventListener(type, (event) => event.preventDefault());
watchPerson(page.vault, window, () => Date.now());
effect(() => {
  document.documentElement.lang = language.value;
  document.title = titleOf(route.value, page.runner.job.value?.summary.title ?? null);
});
effect(() => {
  // Without a wallet there is nothing to show yet: the first page makes one, and comes back here.
  if (page.vault.state.value?.state === 'empty') location.replace(`/onboarding.html${location.hash.replace(/^[^?]*/, '')}`);
});

const root = document.querySelector('#app');
if (root !== null) {
  render(
    <PageContext.Provider value={page}>
      <RouterContext.Provider value={router}>
        <WayOutContext.Provider value={{ open: (path) => void openOwnTab(path), openSidePanel: null }}>
          <App />
        </WayOutContext.Provider>
      </RouterContext.Provider>
    </PageContext.Provider>,
    root,
  );
}
