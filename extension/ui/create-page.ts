// The page's context from the browser's parts: clients of runner and vault, the clock, the last "no". One call for every entry point.
import { signal } from '@preact/signals';
import { safeError } from '@nunet/shared/errors.ts';
import type { SaidNo } from './error-text.ts';
import type { Page } from './page.ts';
import { RunnerClient } from './runner-client.ts';
import { createToasts } from './toasts.tsx';
import { pageVault, type VaultPort } from './vault-state.ts';

const CLOCK_MS = 500;

export interface PageNeeds {
  openRunner: () => MessagePort;
  vault: VaultPort;
  /** Makes sure that the host is there; it may have to be asked again. */
  ensureHost: () => void;
}

export function createPage({ openRunner, vault, ensureHost }: PageNeeds): Page {
  const now = signal(Date.now());
  const problem = signal<SaidNo | null>(null);
  setInterval(() => (now.value = Date.now()), CLOCK_MS);
  return {
    runner: new RunnerClient({
      open: openRunner,
      ensureHost,
      now: () => Date.now(),
      every: (ms, act) => {
        const timer = setInterval(act, ms);
        return () => clearInterval(timer);
      },
    }),
    vault: pageVault(vault),
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
    toasts: createToasts((ms, act) => void setTimeout(act, ms)),
  };
}
