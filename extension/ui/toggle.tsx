// A switch for what takes effect at once, and a tick for what is sent with a form or agreed to.
import type { ComponentChildren, JSX } from 'preact';
import './field.css';
import './toggle.css';

export interface ToggleProps {
  label: ComponentChildren;
  hint?: ComponentChildren;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
  isDisabled?: boolean | undefined;
  testid?: string | undefined;
}

export const Toggle = ({ label, hint, isOn, onChange, isDisabled, testid }: ToggleProps): JSX.Element => (
  <label class="toggle">
    <span>
      <span class="toggle-label">{label}</span>
      {hint !== undefined && <span class="hint">{hint}</span>}
    </span>
    <input
      type="checkbox"
      role="switch"
      class="switch"
      checked={isOn}
      disabled={isDisabled}
      data-testid={testid}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
  </label>
);

export const Tick = ({ label, hint, isOn, onChange, isDisabled, testid }: ToggleProps): JSX.Element => (
  <label class="toggle tick">
    <input
      type="checkbox"
      checked={isOn}
      disabled={isDisabled}
      data-testid={testid}
      onChange={(event) => onChange(event.currentTarget.checked)}
    />
    <span>
      <span class="toggle-label">{label}</span>
      {hint !== undefined && <span class="hint">{hint}</span>}
    </span>
  </label>
);
