// The title of the dashboard's tab: the view, or the job that is looked at.
import { t } from '../ui/i18n.ts';
import { visibleText } from '../ui/visible-text.ts';
import type { Route } from './route.ts';

const MAX_TITLE = 80;

export function titleOf(route: Route, jobTitle: string | null): string {
  const { nav, titles } = t().shell;
  const view =
    route.view === 'job'
      ? visibleText(jobTitle ?? titles.job, MAX_TITLE)
      : route.view === 'connect'
        ? titles.connect
        : route.view === 'machine'
          ? titles.machine
          : nav[route.view];
  return `${view} · NuNet`;
}
