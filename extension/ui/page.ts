// Page: what every component of the dashboard needs: the runner, the route, the time, and the last "no".
import type { ReadonlySignal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { SaidNo } from '../jobs/said-no.ts';
import type { Route } from './route.ts';
import type { RunnerClient } from './runner-client.ts';

export interface Page {
  runner: RunnerClient;
  route: ReadonlySignal<Route>;
  /** This machine's clock, twice a second. */
  now: ReadonlySignal<number>;
  /** The last "no", until it is closed or the route changes. */
  problem: ReadonlySignal<SaidNo | null>;
  go: (route: Route) => void;
  /** Runs what a click wants; a failure becomes the problem that is shown. True when it went through. */
  act: (work: () => Promise<unknown>) => Promise<boolean>;
  closeProblem: () => void;
}

export const PageContext = createContext<Page | null>(null);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (page === null) throw new Error('a component of the dashboard is drawn outside of its page');
  return page;
}
