// Entry of the dashboard: the page's context, its route and its title, wired to the browser.
import { effect, signal } from '@preact/signals';
import { NunetError } from '@nunet/shared/errors.ts';
import { render } from 'preact';
import { browser } from 'wxt/browser';
import { ENSURE_HOST, RUNNER } from '../../messages.ts';
import { App } from '../../ui/app.tsx';
import '../../ui/base.css';
import { createPage } from '../../ui/create-page.ts';
import { startLanguage } from '../../ui/i18n.ts';
import { PageContext } from '../../ui/page.ts';
import { RouterContext, type Router } from '../../ui/router.ts';
import { readRoute, routeHash } from '../../ui/route.ts';
import { startTheme } from '../../ui/theme.ts';
import { visibleText } from '../../ui/visible-text.ts';
import './dashboard.css';

const TITLES = { jobs: 'Jobs', connect: 'Connect', new: 'New job', job: 'Job' } as const;

startLanguage(localStorage, navigator.languages);
startTheme(localStorage, document.documentElement);
const page = createPage({
  openRunner: () => new SharedWorker(RUNNER.script, { name: RUNNER.name }).port,
  vault: { ask: () => Promise.reject(new NunetError('vault-missing', 'There is no vault yet')), onState: () => () => undefined },
  // The background script may be starting: the client asks again while the host is missing.
  ensureHost: () => void browser.runtime.sendMessage(ENSURE_HOST).catch(() => undefined),
});
const route = signal(readRoute(location.hash));
const router: Router = {
  route,
  go: (to) => {
    location.hash = routeHash(to);
  },
};

addEventListener('hashchange', () => {
  route.value = readRoute(location.hash);
  page.closeProblem();
});
// A dropped file that misses its place must not replace the page.
for (const type of ['dragover', 'drop']) addEventListener(type, (event) => event.preventDefault());
effect(() => {
  const { view } = route.value;
  document.title = `${view === 'job' ? visibleText(page.runner.job.value?.summary.title ?? TITLES.job, 80) : TITLES[view]} · NuNet`;
});

const root = document.querySelector('#app');
if (root !== null) {
  render(
    <PageContext.Provider value={page}>
      <RouterContext.Provider value={router}>
        <App />
      </RouterContext.Provider>
    </PageContext.Provider>,
    root,
  );
}
