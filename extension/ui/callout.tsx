// A callout: something a reader has to know at this place, in one of four tones, with what can be done about it.
import type { ComponentChildren, JSX } from 'preact';
import './callout.css';
import { Icon, type IconName } from './icons.tsx';

export type Tone = 'info' | 'good' | 'wait' | 'bad';

const ICONS: Readonly<Record<Tone, IconName>> = { info: 'info', good: 'check', wait: 'alert', bad: 'alert' };

export interface CalloutProps {
  tone?: Tone | undefined;
  title?: string | undefined;
  icon?: IconName | undefined;
  /** It appears because of something that just happened: told at once (`alert`) or when there is time (`status`). */
  role?: 'alert' | 'status' | undefined;
  actions?: ComponentChildren | undefined;
  testid?: string | undefined;
  /** For tests: a failure's code. */
  code?: string | undefined;
  children?: ComponentChildren | undefined;
}

export function Callout({ tone = 'info', title, icon, role, actions, testid, code, children }: CalloutProps): JSX.Element {
  return (
    <div class={`callout ${tone}`} role={role} data-testid={testid} data-code={code}>
      <Icon name={icon ?? ICONS[tone]} />
      <div class="callout-says">
        {title !== undefined && <strong>{title}</strong>}
        {children}
      </div>
      {actions !== undefined && <div class="actions">{actions}</div>}
    </div>
  );
}
