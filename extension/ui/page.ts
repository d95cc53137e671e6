// Page: what every component of a page needs: the runner, the vault, the time, the last "no", and a place to say what went well.
import type { ReadonlySignal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { SaidNo } from './error-text.ts';
import type { RunnerClient } from './runner-client.ts';
import type { Toasts } from './toasts.tsx';
import type { PageVault } from './vault-state.ts';

export interface Page {
  runner: RunnerClient;
  vault: PageVault;
  /** This machine's clock, twice a second. */
  now: ReadonlySignal<number>;
  /** The last "no", until it is closed or the view changes. */
  problem: ReadonlySignal<SaidNo | null>;
  /** Runs what a click wants; a failure becomes the problem that is shown. True when it went through. */
  act: (work: () => Promise<unknown>) => Promise<boolean>;
  closeProblem: () => void;
  toasts: Toasts;
}

export const PageContext = createContext<Page | null>(null);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (page === null) throw new Error('a component is drawn outside of its page');
  return page;
}
