// The head of a job: its title, who does it since when, and what can be done with the whole of it.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { routeHash } from '../dashboard/route.ts';
import { useRouter } from '../dashboard/router.ts';
import type { JobSnapshot } from '../messages.ts';
import { Button } from '../ui/button.tsx';
import { ConfirmDialog } from '../ui/confirm-dialog.tsx';
import { t } from '../ui/i18n.ts';
import { Moment } from '../ui/moment.tsx';
import { PageHeader } from '../ui/page-header.tsx';
import { usePage } from '../ui/page.ts';
import { Stranger } from '../ui/stranger.tsx';
import { shortId } from '../ui/visible-text.ts';
import { isStoppable, mayCancel } from './decision.ts';

export function JobHead({ job }: { job: JobSnapshot }): JSX.Element {
  const { runner, act, now } = usePage();
  const { go } = useRouter();
  const asks = useSignal<'cancel' | 'forget' | null>(null);
  const words = t().jobs.head;
  const { jobId, title, openedAtMs, hasEnded } = job.summary;
  const forget = async (): Promise<void> => {
    if (await act(() => runner.ask({ type: 'forget', jobId }))) go({ view: 'jobs' });
  };
  const agent = job.record.quote?.body.computeProvider.peerId;
  return (
    <>
      <PageHeader
        back={{ href: routeHash({ view: 'jobs' }), label: words.back }}
        testid="job-title"
        title={<Stranger text={title} length={120} />}
        lead={
          <small>
            {words.opened} <Moment atMs={openedAtMs} nowMs={now.value} />
            {agent !== undefined && (
              <>
                {' '}
                · {words.provider} <code title={agent}>{shortId(agent)}</code>
              </>
            )}{' '}
            · {words.job} <code title={jobId}>{shortId(jobId)}</code>
          </small>
        }
        actions={
          <>
            {mayCancel(job) && (
              <Button icon="cross" testid="cancel" onClick={() => (asks.value = 'cancel')}>
                {words.cancel}
              </Button>
            )}
            {(hasEnded || job.summary.key === 'lost') && !job.summary.isDriven && (
              <Button kind="quiet" icon="trash" testid="forget" onClick={() => (asks.value = 'forget')}>
                {words.remove}
              </Button>
            )}
          </>
        }
      />
      {asks.value === 'cancel' && (
        <ConfirmDialog
          title={words.cancelTitle}
          action={words.cancelAction}
          onClose={() => (asks.value = null)}
          onConfirm={() => void act(() => runner.ask({ type: 'cancel', jobId }))}
        >
          {isStoppable(job.record) ? words.cancelStops : words.cancelFree}
        </ConfirmDialog>
      )}
      {asks.value === 'forget' && (
        <ConfirmDialog
          title={words.removeTitle}
          action={words.removeAction}
          onClose={() => (asks.value = null)}
          onConfirm={() => void forget()}
        >
          {words.removeSays}
        </ConfirmDialog>
      )}
    </>
  );
}
