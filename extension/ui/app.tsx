// The shell of the dashboard: header, navigation, the last "no", and the view of the route.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { JobList } from '../jobs/job-list.tsx';
import { JobView } from '../jobs/job-view.tsx';
import { NewJob } from '../jobs/new-job.tsx';
import { Connect } from './connect.tsx';
import { ConnectionPill } from './connection-pill.tsx';
import { Icon } from './icons.tsx';
import { Mark } from './mark.tsx';
import { usePage } from './page.ts';
import { useRouter } from './router.ts';
import { routeHash, type Route } from './route.ts';
import { Stranger } from './stranger.tsx';

function View({ route }: { route: Route }): JSX.Element {
  switch (route.view) {
    case 'jobs':
      return <JobList />;
    case 'connect':
      return <Connect />;
    case 'new':
      return <NewJob key={route.template ?? ''} template={route.template} />;
    case 'job':
      return <JobView key={route.jobId} jobId={route.jobId} />;
  }
}

function Problem(): JSX.Element | null {
  const { problem, closeProblem } = usePage();
  if (problem.value === null) return null;
  return (
    <div class="message bad" role="alert" data-testid="problem" data-code={problem.value.code}>
      <Icon name="alert" />
      <span class="lines">
        {problem.value.message
          .split('\n')
          .slice(0, 12)
          .map((line, i) => (
            <span key={i}>
              <Stranger text={line} length={400} />
            </span>
          ))}
      </span>
      <button type="button" class="quiet square" aria-label="Close this message" onClick={closeProblem}>
        <Icon name="cross" size={16} />
      </button>
    </div>
  );
}

export function App(): JSX.Element {
  const { runner } = usePage();
  const { route } = useRouter();
  const here = route.value;
  const main = useRef<HTMLElement>(null);
  const place = here.view === 'job' ? here.jobId : here.view;
  const isFirst = useRef(true);
  useEffect(() => {
    // A keyboard goes on at the new view; at the first draw it stays where the browser put it.
    if (!isFirst.current) main.current?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [place]);
  const jobs = runner.app.value?.jobs ?? [];
  const asking = jobs.filter((job) => job.wantsDecision).length;
  return (
    <>
      <header class="bar">
        <a class="brand" href={routeHash({ view: 'jobs' })} aria-label="NuNet, to the jobs">
          <Mark />
          <span>NuNet</span>
        </a>
        <nav aria-label="Main">
          <a href={routeHash({ view: 'jobs' })} aria-current={here.view === 'jobs' ? 'page' : undefined} data-testid="nav-jobs">
            Jobs
            {asking > 0 && (
              <span class="count" aria-label={`${asking} wait for an answer`}>
                {asking}
              </span>
            )}
          </a>
          <a
            href={routeHash({ view: 'new', template: null })}
            aria-current={here.view === 'new' ? 'page' : undefined}
            data-testid="nav-new"
          >
            New job
          </a>
        </nav>
        <ConnectionPill />
      </header>
      <main ref={main} tabIndex={-1}>
        <Problem />
        <View route={here} />
      </main>
    </>
  );
}
