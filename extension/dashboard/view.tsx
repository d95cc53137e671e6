// The view of a route. What is not looked at first is loaded when it is.
import type { JSX } from 'preact';
import { JobList } from '../jobs/job-list.tsx';
import { lazyView } from '../ui/lazy-view.tsx';
import { Overview } from './overview.tsx';
import type { Route } from './route.ts';

const JobView = lazyView<{ jobId: string }>(async () => (await import('../jobs/job-view.tsx')).JobView);
const Deploy = lazyView<{ template: string | null }>(async () => (await import('../jobs/deploy.tsx')).Deploy);
const Nodes = lazyView(async () => (await import('./nodes.tsx')).Nodes);
const Escrow = lazyView(async () => (await import('./escrow.tsx')).Escrow);
const Machines = lazyView(async () => (await import('../lend/machines.tsx')).Machines);
const Machine = lazyView<{ peerId: string }>(async () => (await import('../lend/machine.tsx')).Machine);
const Activity = lazyView(async () => (await import('./activity.tsx')).Activity);
const Connect = lazyView(async () => (await import('./connect.tsx')).Connect);
const Wallet = lazyView<{ place: string[] }>(async () => (await import('../pages/wallet/wallet-page.tsx')).WalletPage);
const Settings = lazyView<{ place: string[] }>(async () => (await import('../pages/settings/settings-page.tsx')).SettingsPage);

export function View({ route }: { route: Route }): JSX.Element {
  switch (route.view) {
    case 'overview':
      return <Overview />;
    case 'jobs':
      return <JobList />;
    case 'job':
      return <JobView key={route.jobId} jobId={route.jobId} />;
    case 'deploy':
      return <Deploy key={route.template ?? ''} template={route.template} />;
    case 'nodes':
      return <Nodes />;
    case 'escrow':
      return <Escrow />;
    case 'machines':
      return <Machines />;
    case 'machine':
      return <Machine key={route.peerId} peerId={route.peerId} />;
    case 'activity':
      return <Activity />;
    case 'connect':
      return <Connect />;
    case 'wallet':
      return <Wallet place={[...route.place]} />;
    case 'settings':
      return <Settings place={[...route.place]} />;
  }
}
