// A stepper: the steps of a short way, which are done, and which is now.
import type { JSX } from 'preact';
import { t } from './i18n.ts';
import './stepper.css';

/** `at`: index of the step that is now. */
export const Stepper = ({ label, steps, at }: { label: string; steps: readonly string[]; at: number }): JSX.Element => (
  <ol class="stepper" aria-label={label}>
    {steps.map((step, i) => (
      <li key={step} class={i < at ? 'done' : undefined} aria-current={i === at ? 'step' : undefined}>
        <span>{step}</span>
        {i < at && <span class="away">{t().shell.parts.stepDone}</span>}
      </li>
    ))}
  </ol>
);
