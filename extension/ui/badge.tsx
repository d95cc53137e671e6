// A badge: one or two words about what it stands beside; and the dot that says the same by colour, never alone.
import type { ComponentChildren, JSX } from 'preact';
import './badge.css';

export type BadgeTone = 'plain' | 'accent' | 'good' | 'wait' | 'bad';

export const Badge = ({
  tone = 'plain',
  testid,
  children,
}: {
  tone?: BadgeTone;
  testid?: string | undefined;
  children: ComponentChildren;
}): JSX.Element => (
  <span class={`badge ${tone}`} data-testid={testid}>
    {children}
  </span>
);

export const Dot = ({ tone = 'plain' }: { tone?: BadgeTone }): JSX.Element => <span class={`dot ${tone}`} aria-hidden="true" />;
