// The shell of the dashboard: navigation, what stands on top (connection, account, lock), what waits for the person, and the view of the route.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../ui/i18n.ts';
import { Mark } from '../ui/mark.tsx';
import { usePage } from '../ui/page.ts';
import { Problem } from '../ui/problem.tsx';
import { ToastList } from '../ui/toasts.tsx';
import { AccountMenu } from './account-menu.tsx';
import { Banners } from './banners.tsx';
import { ConnectionPill } from './connection-pill.tsx';
import { Navigation } from './navigation.tsx';
import { routeHash, type Route } from './route.ts';
import { useRouter } from './router.ts';
import './shell.css';
import { UnlockDialog } from './unlock-dialog.tsx';
import { View } from './view.tsx';

const placeOf = (route: Route): string => (route.view === 'job' ? route.jobId : route.view === 'machine' ? route.peerId : route.view);

export function App(): JSX.Element {
  const { toasts } = usePage();
  const { route, isUnlocking } = useRouter();
  const main = useRef<HTMLElement>(null);
  const isFirst = useRef(true);
  const place = placeOf(route.value);
  useEffect(() => {
    // A keyboard goes on at the new view; at the first draw it stays where the browser put it.
    if (!isFirst.current) {
      main.current?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    isFirst.current = false;
  }, [place]);
  return (
    <div class="shell">
      <button type="button" class="button skip" onClick={() => main.current?.focus()}>
        {t().shell.skip}
      </button>
      <header class="topbar">
        <a class="brand" href={routeHash({ view: 'overview' })} aria-label={t().shell.home}>
          <Mark />
          <span>NuNet</span>
        </a>
        <div class="topbar-end">
          <ConnectionPill />
          <AccountMenu />
        </div>
      </header>
      <Navigation />
      <main ref={main} tabIndex={-1}>
        <Problem />
        <Banners />
        <View route={route.value} />
      </main>
      <ToastList toasts={toasts} />
      {isUnlocking.value && <UnlockDialog onClose={() => (isUnlocking.value = false)} />}
    </div>
  );
}
