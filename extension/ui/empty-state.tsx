// An empty state teaches: what will be here, how it comes here, and one action that begins it.
import type { ComponentChildren, JSX } from 'preact';
import './empty-state.css';
import { Icon, type IconName } from './icons.tsx';

export interface EmptyStateProps {
  icon: IconName;
  title: string;
  says?: ComponentChildren | undefined;
  /** Steps, in order: what to do, and what comes of it. */
  steps?: readonly { title: string; says: string }[] | undefined;
  action?: ComponentChildren | undefined;
  /** Inside of a card, which has an edge already. */
  isPlain?: boolean | undefined;
  testid?: string | undefined;
}

export function EmptyState({ icon, title, says, steps = [], action, isPlain, testid }: EmptyStateProps): JSX.Element {
  return (
    <div class={isPlain === true ? 'empty-state plain' : 'empty-state'} data-testid={testid}>
      <div class="empty-head">
        <span class="empty-icon">
          <Icon name={icon} size={20} />
        </span>
        {isPlain === true ? <h3>{title}</h3> : <h2>{title}</h2>}
      </div>
      {says !== undefined && <p>{says}</p>}
      {steps.length > 0 && (
        <ol class="teach">
          {steps.map((step) => (
            <li key={step.title}>
              <span>
                <strong>{step.title}</strong> {step.says}
              </span>
            </li>
          ))}
        </ol>
      )}
      {action}
    </div>
  );
}
