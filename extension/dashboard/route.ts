// Where the dashboard is: one hash a view, so that a reload, a link and the back button lead to the same place.
/** `place`: where within the view, which reads it itself. */
export type Route =
  | { view: 'overview' | 'jobs' | 'nodes' | 'escrow' | 'machines' | 'activity' }
  | { view: 'wallet' | 'settings'; place: readonly string[] }
  | { view: 'deploy'; template: string | null }
  | { view: 'job'; jobId: string }
  | { view: 'machine'; peerId: string }
  | { view: 'connect'; devnetUrl: string };
export type View = Route['view'];

const MAX_PARTS = 4;
/** As shared/fields.ts has it; written again so that the first page needs no parser. */
const JOB_ID = /^b[a-z2-7]{20,110}$/;
const PEER_ID = /^12D3Koo[1-9A-HJ-NP-Za-km-z]{40,50}$/;

/** Reads a location hash, which anybody may have written: what is not a view of ours is the overview. */
export function readRoute(hash: string): Route {
  const [path = '', query = ''] = hash.slice(0, 1000).replace(/^#\/?/, '').split('?');
  const [view, ...parts] = path.split('/').filter((part) => part !== '');
  const [first = ''] = parts;
  if (parts.length > MAX_PARTS) return { view: 'overview' };
  switch (view) {
    case 'wallet':
    case 'settings':
      return { view, place: parts };
    case 'connect':
      return { view, devnetUrl: (new URLSearchParams(query).get('devnet') ?? '').slice(0, 200) };
    // As it was called before.
    case 'new':
    case 'deploy':
      return parts.length > 1 ? { view: 'deploy', template: null } : { view: 'deploy', template: first === '' ? null : first };
    case 'jobs':
      return parts.length === 1 && JOB_ID.test(first) ? { view: 'job', jobId: first } : { view };
    case 'machines':
      return parts.length === 1 && PEER_ID.test(first) ? { view: 'machine', peerId: first } : { view };
    case 'nodes':
    case 'escrow':
    case 'activity':
      return { view };
    default:
      return { view: 'overview' };
  }
}

export function routeHash(route: Route): string {
  switch (route.view) {
    case 'overview':
      return '#/';
    case 'connect':
      return route.devnetUrl === '' ? '#/connect' : `#/connect?devnet=${encodeURIComponent(route.devnetUrl)}`;
    case 'deploy':
      return route.template === null ? '#/deploy' : `#/deploy/${route.template}`;
    case 'job':
      return `#/jobs/${route.jobId}`;
    case 'machine':
      return `#/machines/${route.peerId}`;
    case 'wallet':
    case 'settings':
      return `#/${[route.view, ...route.place].join('/')}`;
    case 'jobs':
    case 'nodes':
    case 'escrow':
    case 'machines':
    case 'activity':
      return `#/${route.view}`;
  }
}
