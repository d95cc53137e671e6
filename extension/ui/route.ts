// Where the page is: one hash a view, so that a reload, a link and the back button lead to the same job.
import { cidText } from '@nunet/shared/fields.ts';

export type Route =
  { view: 'jobs' } | { view: 'connect'; devnetUrl: string } | { view: 'new'; template: string | null } | { view: 'job'; jobId: string };

/** Reads a location hash, which anybody may have written: what is not a view of ours is the list of jobs. */
export function readRoute(hash: string): Route {
  const [path = '', query = ''] = hash.slice(0, 1000).replace(/^#\/?/, '').split('?');
  const [view, argument, ...rest] = path.split('/');
  if (rest.length > 0) return { view: 'jobs' };
  if (view === 'connect') return { view: 'connect', devnetUrl: (new URLSearchParams(query).get('devnet') ?? '').slice(0, 200) };
  if (view === 'new') return { view: 'new', template: argument === undefined || argument === '' ? null : argument };
  if (view === 'jobs' && cidText.safeParse(argument).success) return { view: 'job', jobId: argument ?? '' };
  return { view: 'jobs' };
}

export function routeHash(route: Route): string {
  switch (route.view) {
    case 'jobs':
      return '#/';
    case 'connect':
      return route.devnetUrl === '' ? '#/connect' : `#/connect?devnet=${encodeURIComponent(route.devnetUrl)}`;
    case 'new':
      return route.template === null ? '#/new' : `#/new/${route.template}`;
    case 'job':
      return `#/jobs/${route.jobId}`;
  }
}
