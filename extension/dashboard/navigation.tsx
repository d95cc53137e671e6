// The way between the views: at the side of a wide screen, at the bottom of a narrow one, where the rest is behind "More".
import type { JSX } from 'preact';
import { t } from '../ui/i18n.ts';
import { Icon, type IconName } from '../ui/icons.tsx';
import { usePage } from '../ui/page.ts';
import { PopoverPanel } from '../ui/popover-panel.tsx';
import { routeHash, type Route, type View } from './route.ts';
import { useRouter } from './router.ts';

type Place = 'overview' | 'jobs' | 'deploy' | 'nodes' | 'escrow' | 'machines' | 'wallet' | 'activity' | 'settings';

const PLACES: readonly { place: Place; icon: IconName; route: Route; isMain: boolean }[] = [
  { place: 'overview', icon: 'home', route: { view: 'overview' }, isMain: true },
  { place: 'jobs', icon: 'list', route: { view: 'jobs' }, isMain: true },
  { place: 'deploy', icon: 'rocket', route: { view: 'deploy', template: null }, isMain: true },
  { place: 'nodes', icon: 'nodes', route: { view: 'nodes' }, isMain: false },
  { place: 'escrow', icon: 'lock', route: { view: 'escrow' }, isMain: false },
  { place: 'machines', icon: 'node', route: { view: 'machines' }, isMain: false },
  { place: 'wallet', icon: 'wallet', route: { view: 'wallet', place: [] }, isMain: true },
  { place: 'activity', icon: 'activity', route: { view: 'activity' }, isMain: false },
  { place: 'settings', icon: 'settings', route: { view: 'settings', place: [] }, isMain: false },
];
const MORE = 'more-places';

const isIn = (view: View, place: Place): boolean =>
  view === place || (view === 'job' && place === 'jobs') || (view === 'machine' && place === 'machines');

export function Navigation(): JSX.Element {
  const { runner } = usePage();
  const { view } = useRouter().route.value;
  const asking = (runner.app.value?.jobs ?? []).filter((job) => job.wantsDecision).length;
  const link = ({ place, icon, route }: (typeof PLACES)[number], id: string, classes: string): JSX.Element => (
    <a class={classes} href={routeHash(route)} aria-current={isIn(view, place) ? 'page' : undefined} data-testid={`${id}-${place}`}>
      <Icon name={icon} size={20} />
      <span>{t().shell.nav[place]}</span>
      {place === 'jobs' && asking > 0 && (
        <span class="count">
          <span aria-hidden="true">{asking}</span>
          <span class="away">{t().shell.waiting(asking)}</span>
        </span>
      )}
    </a>
  );
  const rest = PLACES.filter(({ isMain }) => !isMain);
  return (
    <nav class="side" aria-label={t().shell.navigation}>
      <ul>
        {PLACES.map((one) => (
          <li key={one.place} class={one.isMain ? 'main' : 'rest'}>
            {link(one, 'nav', 'side-link')}
          </li>
        ))}
        <li class="more">
          <button
            type="button"
            class="side-link"
            popovertarget={MORE}
            data-testid="nav-more"
            aria-current={rest.some(({ place }) => isIn(view, place)) ? 'true' : undefined}
          >
            <Icon name="menu" size={20} />
            <span>{t().shell.more}</span>
          </button>
        </li>
      </ul>
      <PopoverPanel id={MORE} label={t().shell.more}>
        <ul>
          {rest.map((one) => (
            <li key={one.place} onClick={() => document.getElementById(MORE)?.hidePopover()}>
              {link(one, 'more', 'menu-item')}
            </li>
          ))}
        </ul>
      </PopoverPanel>
    </nav>
  );
}
