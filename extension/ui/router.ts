// Where the dashboard is, and the way elsewhere.
import type { ReadonlySignal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Route } from './route.ts';

export interface Router {
  route: ReadonlySignal<Route>;
  go: (route: Route) => void;
}

export const RouterContext = createContext<Router | null>(null);

export function useRouter(): Router {
  const router = useContext(RouterContext);
  if (router === null) throw new Error('a view of the dashboard is drawn outside of it');
  return router;
}
