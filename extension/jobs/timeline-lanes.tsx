// Work and money side by side on one time axis: what was reached is solid, what may come next is faint, rollbacks stay where they happened.
import type { JSX } from 'preact';
import type { JobRecord } from '@nunet/shared/job-flow/job-record.ts';
import '../ui/card.css';
import { t } from '../ui/i18n.ts';
import { Icon } from '../ui/icons.tsx';
import { Moment } from '../ui/moment.tsx';
import { Stranger } from '../ui/stranger.tsx';
import './timeline-lanes.css';
import { timelineOf, type Step } from './timeline.ts';

function StepMark({ step, nowMs }: { step: Step; nowMs: number }): JSX.Element {
  const words = t().jobs;
  return (
    <li
      class={`step ${step.lane} ${step.tone}`}
      style={{ '--at': String(step.column + 1) }}
      data-testid="step"
      data-lane={step.lane}
      data-state={step.state}
      data-at={step.atMs}
      data-tone={step.tone}
      aria-current={step.tone === 'now' ? 'step' : undefined}
    >
      <span class="node" aria-hidden="true">
        {step.tone === 'good' && <Icon name="check" size={12} />}
        {step.tone === 'bad' && <Icon name="cross" size={12} />}
        {step.tone === 'back' && <Icon name="again" size={12} />}
      </span>
      <span class="away">{step.lane === 'work' ? words.timeline.workStep : words.timeline.moneyStep}</span>
      <strong>{words.states[step.state]}</strong>
      <Moment atMs={step.atMs} nowMs={nowMs} />
      {step.tone === 'back' && <small class="tone">{words.timeline.rolledBack}</small>}
    </li>
  );
}

interface NextProps {
  lane: 'work' | 'money';
  states: readonly Step['state'][];
  column: number;
}

/** The usual next state by name; the others, which nobody hopes for, smaller. */
function Next({ lane, states, column }: NextProps): JSX.Element | null {
  const [usual, ...others] = states;
  const words = t().jobs;
  if (usual === undefined) return null;
  return (
    <li class={`step ${lane} next`} style={{ '--at': String(column + 1) }}>
      <span class="node" aria-hidden="true" />
      <span class="away">{lane === 'work' ? words.timeline.workMay : words.timeline.moneyMay}</span>
      <strong>{words.states[usual]}</strong>
      {others.length > 0 && <small>{words.timeline.or(others.map((state) => words.states[state].toLocaleLowerCase()).join(', '))}</small>}
    </li>
  );
}

interface LineProps {
  lane: 'work' | 'money';
  span: { first: number; last: number } | null;
  next: number | null;
}

/** The line of a lane: solid between its steps, broken towards what may come. */
function Line({ lane, span, next }: LineProps): JSX.Element | null {
  if (span === null) return null;
  const at = (from: number, to: number): { [name: string]: string } => ({ '--from': String(from + 1), '--to': String(to + 1) });
  return (
    <>
      {span.last > span.first && <li class={`line ${lane}`} style={at(span.first, span.last)} aria-hidden="true" />}
      {next !== null && <li class={`line ${lane} next`} style={at(span.last, next)} aria-hidden="true" />}
    </>
  );
}

export function TimelineLanes({ record, nowMs }: { record: JobRecord; nowMs: number }): JSX.Element {
  const words = t().jobs;
  const { steps, columns, spans, next, work, money } = timelineOf(record, words);
  const hasNext = next.work.length + next.money.length > 0;
  const details = steps.filter(({ detail }) => detail !== '');
  return (
    <section class="card timeline" aria-label={words.timeline.label}>
      <div class="lanes-head">
        <p>
          <span class="lane-name work">{words.work}</span>
          <strong data-testid="job-state" data-state={record.job}>
            {words.states[record.job]}
          </strong>
          <span class="says">
            <Stranger text={work} length={700} />
          </span>
        </p>
        <p>
          <span class="lane-name money">{words.money}</span>
          <strong data-testid="lock-state" data-state={record.lock ?? ''}>
            {record.lock === null ? words.timeline.nothingLocked : words.states[record.lock]}
          </strong>
          <span class="says">
            <Stranger text={money} length={700} />
          </span>
        </p>
      </div>
      <p class="away" aria-live="polite">
        {words.timeline.live(words.states[record.job], record.lock === null ? words.timeline.nothingLocked : words.states[record.lock])}
      </p>
      <div class="lanes-place" tabIndex={0} role="group" aria-label={words.timeline.axis}>
        <ol class={`lanes ${hasNext ? 'open' : ''}`} style={{ '--columns': String(columns + (hasNext ? 1 : 0)) }}>
          <Line lane="work" span={spans.work} next={next.work.length > 0 ? columns : null} />
          <Line lane="money" span={spans.money} next={next.money.length > 0 ? columns : null} />
          {steps.map((step) => (
            <StepMark key={`${step.lane} ${step.column}`} step={step} nowMs={nowMs} />
          ))}
          <Next lane="work" states={next.work} column={columns} />
          <Next lane="money" states={next.money} column={columns} />
        </ol>
      </div>
      {details.length > 0 && (
        <details class="every-step">
          <summary>{words.timeline.details}</summary>
          <ul>
            {details.map((step) => (
              <li key={`${step.lane} ${step.column}`}>
                <Moment atMs={step.atMs} nowMs={nowMs} />
                <span>
                  {step.lane === 'work' ? words.timeline.workStep : words.timeline.moneyStep} {words.states[step.state].toLocaleLowerCase()}
                </span>
                <Stranger text={step.detail} length={1000} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}
