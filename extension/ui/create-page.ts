// The page's context from the browser's parts: clients of runner and vault, the clock, the last "no". One call for every entry point.
import { signal } from '@preact/signals';
import { safeError } from '@nunet/shared/errors.ts';
import { VaultClient } from '../vault/client.ts';
import type { SaidNo } from './error-text.ts';
import { startLanguage } from './i18n.ts';
import type { Page } from './page.ts';
import { RunnerClient } from './runner-client.ts';
import { startTheme } from './theme.ts';
import { createToasts } from './toasts.tsx';
import { pageVault } from './vault-state.ts';

const CLOCK_MS = 500;

export interface PageNeeds {
  openRunner: () => MessagePort;
  openVault: () => MessagePort;
  /** Makes sure that the host is there; it may have to be asked again. */
  ensureHost: () => void;
}

export function createPage({ openRunner, openVault, ensureHost }: PageNeeds): Page {
  const now = signal(Date.now());
  const problem = signal<SaidNo | null>(null);
  setInterval(() => (now.value = Date.now()), CLOCK_MS);
  // Chosen in another page of ours: this one follows.
  addEventListener('storage', () => {
    startLanguage(localStorage, navigator.languages);
    startTheme(localStorage, document.documentElement);
  });
  const time = {
    now: () => Date.now(),
    every: (ms: number, act: () => void) => {
      const timer = setInterval(act, ms);
      return () => clearInterval(timer);
    },
  };
  const later = (ms: number, act: () => void): void => void setTimeout(act, ms);
  return {
    runner: new RunnerClient({ open: openRunner, ensureHost, ...time }),
    vault: pageVault(new VaultClient({ open: openVault, after: later, ...time })),
    now,
    problem,
    act: async (work) => {
      try {
        await work();
        return true;
      } catch (error) {
        problem.value = safeError(error);
        return false;
      }
    },
    closeProblem: () => {
      problem.value = null;
    },
    toasts: createToasts(later),
  };
}
