// Entry of the dashboard: the page's runner client, its route and its clock, wired to the browser.
import { effect, signal } from '@preact/signals';
import { safeError } from '@nunet/shared/errors.ts';
import { render } from 'preact';
import { browser } from 'wxt/browser';
import { saidNo, type SaidNo } from '../../jobs/said-no.ts';
import { ENSURE_HOST, RUNNER } from '../../messages.ts';
import { App } from '../../ui/app.tsx';
import { PageContext, type Page } from '../../ui/page.ts';
import { readRoute, routeHash } from '../../ui/route.ts';
import { RunnerClient } from '../../ui/runner-client.ts';
import { visibleText } from '../../ui/visible-text.ts';
import './dashboard.css';

const CLOCK_MS = 500;
const TITLES = { jobs: 'Jobs', connect: 'Connect', new: 'New job', job: 'Job' } as const;

const now = signal(Date.now());
const route = signal(readRoute(location.hash));
const problem = signal<SaidNo | null>(null);

const runner = new RunnerClient({
  open: () => new SharedWorker(RUNNER.script, { name: RUNNER.name }).port,
  // The background script may be starting: the client asks again while the host is missing.
  ensureHost: () => void browser.runtime.sendMessage(ENSURE_HOST).catch(() => undefined),
  now: () => Date.now(),
  every: (ms, act) => {
    const timer = setInterval(act, ms);
    return () => clearInterval(timer);
  },
});

const page: Page = {
  runner,
  route,
  now,
  problem,
  go: (to) => {
    location.hash = routeHash(to);
  },
  act: async (work) => {
    try {
      await work();
      return true;
    } catch (error) {
      problem.value = saidNo(safeError(error));
      return false;
    }
  },
  closeProblem: () => {
    problem.value = null;
  },
};

addEventListener('hashchange', () => {
  route.value = readRoute(location.hash);
  problem.value = null;
});
setInterval(() => (now.value = Date.now()), CLOCK_MS);
// A dropped file that misses its place must not replace the page.
for (const type of ['dragover', 'drop']) addEventListener(type, (event) => event.preventDefault());
effect(() => {
  const { view } = route.value;
  document.title = `${view === 'job' ? visibleText(runner.job.value?.summary.title ?? TITLES.job, 80) : TITLES[view]} · NuNet`;
});

const root = document.querySelector('#app');
if (root !== null) {
  render(
    <PageContext.Provider value={page}>
      <App />
    </PageContext.Provider>,
    root,
  );
}
