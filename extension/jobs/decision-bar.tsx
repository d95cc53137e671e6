// The decision over a delivered result: acknowledge or dispute, with what each leads to, while the runner waits.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { JobSnapshot } from '../messages.ts';
import { Button } from '../ui/button.tsx';
import { Callout } from '../ui/callout.tsx';
import '../ui/card.css';
import { TextArea } from '../ui/field.tsx';
import { t } from '../ui/i18n.ts';
import { Icon } from '../ui/icons.tsx';
import { usePage } from '../ui/page.ts';
import { visibleText } from '../ui/visible-text.ts';
import { chainNow } from './chain-clock.ts';
import './decision-bar.css';
import { decisionOf, type DecisionView } from './decision.ts';

const MAX_REASON = 400;

interface DisputeFormProps {
  view: DecisionView;
  isBusy: boolean;
  onDispute: (reason: string) => void;
  onBack: () => void;
}

function DisputeForm({ view, isBusy, onDispute, onBack }: DisputeFormProps): JSX.Element {
  const words = t().jobs.decision;
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
      <TextArea
        label={words.reason}
        inputRef={field}
        rows={2}
        isRequired
        maxLength={MAX_REASON}
        value={reason.value}
        testid="dispute-reason"
        onInput={(text) => (reason.value = text)}
      />
      <div class="actions">
        <Button testid="dispute-back" onClick={onBack}>
          {t().shell.parts.back}
        </Button>
        <Button type="submit" kind="danger" testid="dispute-confirm" isDisabled={isBusy || reason.value.trim() === ''}>
          {words.sign}
        </Button>
      </div>
    </form>
  );
}

/** What the job's own check says, or why it says nothing. */
function CheckSays({ view }: { view: DecisionView }): JSX.Element {
  const words = t().jobs.decision;
  const tone = view.check === null ? 'wait' : view.check.accept ? 'good' : 'bad';
  const says = (text: string): string => visibleText(text, 400);
  return (
    <Callout tone={tone}>
      {/* Cut and made visible before it stands in the sentence. */}
      <bdi>
        {view.check !== null && (view.check.accept ? words.checkAccepts : words.checkRejects)(says(view.check.says))}
        {view.check === null && view.error === null && words.noCheck}
        {view.error !== null && ` ${words.checkFailed(says(view.error))}`}
      </bdi>
    </Callout>
  );
}

export function DecisionBar({ job }: { job: JobSnapshot }): JSX.Element | null {
  const { runner, now, act } = usePage();
  const isDisputing = useSignal(false);
  const isBusy = useSignal(false);
  const words = t().jobs.decision;
  const app = runner.app.value;
  const view = decisionOf(job, app === null ? now.value : chainNow(app.chain, now.value), words);
  if (view === null) return null;
  // The button that stands out is the one that the check speaks for.
  const isRejected = view.check?.accept === false;
  const decide = async (accept: boolean, reason: string): Promise<void> => {
    isBusy.value = true;
    await act(() => runner.ask({ type: 'decide', jobId: job.summary.jobId, accept, reason }));
    isBusy.value = false;
  };
  return (
    <section class="card asks decision" aria-labelledby="decision-title" data-testid="decision">
      <div class="heading">
        <h2 id="decision-title">{words.title}</h2>
        <span class={`deadline ${view.isOver ? 'bad' : ''}`} data-testid="decision-deadline">
          <Icon name="clock" size={16} /> {words.left(view.deadline)}
        </span>
      </div>
      <CheckSays view={view} />
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
            <Button
              kind={isRejected ? 'secondary' : 'primary'}
              icon="check"
              testid="acknowledge"
              isDisabled={isBusy.value}
              onClick={() => void decide(true, '')}
            >
              {words.acknowledge}
            </Button>
            <p>{view.acknowledge}</p>
          </div>
          <div>
            <Button
              kind={isRejected ? 'primary' : 'secondary'}
              icon="cross"
              testid="dispute"
              isDisabled={isBusy.value}
              onClick={() => (isDisputing.value = true)}
            >
              {words.dispute}
            </Button>
            <p>{view.dispute}</p>
          </div>
        </div>
      )}
      <p class="hint">{view.silence}</p>
    </section>
  );
}
