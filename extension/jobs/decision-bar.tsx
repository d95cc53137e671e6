// The decision over a delivered result: acknowledge or dispute, with what each leads to, while the runner waits.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { JobSnapshot } from '../messages.ts';
import { Icon } from '../ui/icons.tsx';
import { usePage } from '../ui/page.ts';
import { Stranger } from '../ui/stranger.tsx';
import { chainNow } from './chain-clock.ts';
import { decisionOf, type DecisionView } from './decision.ts';

const MAX_REASON = 400;

interface DisputeFormProps {
  view: DecisionView;
  isBusy: boolean;
  onDispute: (reason: string) => void;
  onBack: () => void;
}

function DisputeForm({ view, isBusy, onDispute, onBack }: DisputeFormProps): JSX.Element {
  const reason = useSignal(view.reason);
  const field = useRef<HTMLTextAreaElement>(null);
  useEffect(() => field.current?.focus(), []);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        onDispute(reason.value.trim());
      }}
    >
      <p>{view.dispute}</p>
      <label>
        <span>What is wrong with the result? The oracles and the compute provider read this.</span>
        <textarea
          ref={field}
          rows={2}
          required
          maxLength={MAX_REASON}
          value={reason.value}
          data-testid="dispute-reason"
          onInput={(event) => (reason.value = event.currentTarget.value)}
        />
      </label>
      <div class="actions">
        <button type="button" data-testid="dispute-back" onClick={onBack}>
          Back
        </button>
        <button class="danger" data-testid="dispute-confirm" disabled={isBusy || reason.value.trim() === ''}>
          Sign the dispute
        </button>
      </div>
    </form>
  );
}

export function DecisionBar({ job }: { job: JobSnapshot }): JSX.Element | null {
  const { runner, now, act } = usePage();
  const isDisputing = useSignal(false);
  const isBusy = useSignal(false);
  const app = runner.app.value;
  const view = decisionOf(job, app === null ? now.value : chainNow(app.chain, now.value));
  if (view === null) return null;
  // The button that stands out is the one that the check speaks for.
  const isRejected = view.check?.accept === false;
  const decide = async (accept: boolean, reason: string): Promise<void> => {
    isBusy.value = true;
    await act(() => runner.ask({ type: 'decide', jobId: job.summary.jobId, accept, reason }));
    isBusy.value = false;
  };
  return (
    <section class="card decision" aria-labelledby="decision-title" data-testid="decision">
      <div class="heading">
        <h2 id="decision-title">Is the result what you asked for?</h2>
        <span class={`deadline ${view.isOver ? 'bad' : ''}`} data-testid="decision-deadline">
          <Icon name="clock" size={16} /> {view.deadline} left
        </span>
      </div>
      <p class={`message ${view.check === null ? 'wait' : view.check.accept ? 'good' : 'bad'}`}>
        <Icon name={view.check === null ? 'alert' : view.check.accept ? 'check' : 'cross'} />
        <span>
          {view.check !== null && (
            <>
              The job’s own check {view.check.accept ? 'accepts it' : 'does not accept it'}:{' '}
              <Stranger text={view.check.says} length={400} />
            </>
          )}
          {view.check === null && view.error === null && 'This job has no check of its own: look at the outputs before you answer.'}
          {view.error !== null && (
            <>
              The check could not be run: <Stranger text={view.error} length={400} />
            </>
          )}
        </span>
      </p>
      {isDisputing.value ? (
        <DisputeForm
          view={view}
          isBusy={isBusy.value}
          onDispute={(reason) => void decide(false, reason)}
          onBack={() => (isDisputing.value = false)}
        />
      ) : (
        <div class="choices">
          <div>
            <button
              type="button"
              class={isRejected ? '' : 'primary'}
              data-testid="acknowledge"
              disabled={isBusy.value}
              onClick={() => void decide(true, '')}
            >
              <Icon name="check" /> Acknowledge
            </button>
            <p>{view.acknowledge}</p>
          </div>
          <div>
            <button
              type="button"
              class={isRejected ? 'primary' : ''}
              data-testid="dispute"
              disabled={isBusy.value}
              onClick={() => (isDisputing.value = true)}
            >
              <Icon name="cross" /> Dispute
            </button>
            <p>{view.dispute}</p>
          </div>
        </div>
      )}
      <p class="hint">{view.silence}</p>
    </section>
  );
}
