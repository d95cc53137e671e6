// Where the dashboard is, the way elsewhere, and whether the wallet is being unlocked on top of it.
import type { ReadonlySignal, Signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Route } from './route.ts';

export interface Router {
  route: ReadonlySignal<Route>;
  go: (route: Route) => void;
  /** True: the dialog that asks for the password is open. */
  isUnlocking: Signal<boolean>;
}

export const RouterContext = createContext<Router | null>(null);

export function useRouter(): Router {
  const router = useContext(RouterContext);
  if (router === null) throw new Error('a view of the dashboard is drawn outside of it');
  return router;
}
