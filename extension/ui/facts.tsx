// Facts: a short list of names with their values.
import type { ComponentChildren, JSX } from 'preact';
import './facts.css';

export interface Fact {
  name: ComponentChildren;
  value: ComponentChildren;
  testid?: string | undefined;
}

export interface FactsProps {
  facts: readonly Fact[];
  /** `rows`: name and value on one line. `inline`: side by side. `stacked`: name above value. */
  shape?: 'rows' | 'inline' | 'stacked' | undefined;
  label?: string | undefined;
}

export const Facts = ({ facts, shape = 'rows', label }: FactsProps): JSX.Element => (
  <dl class={`facts ${shape}`} aria-label={label}>
    {facts.map((fact, i) => (
      <div key={i} data-testid={fact.testid}>
        <dt>{fact.name}</dt>
        <dd>{fact.value}</dd>
      </div>
    ))}
  </dl>
);
