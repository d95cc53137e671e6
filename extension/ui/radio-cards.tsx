// One of a few choices, each in a card that says what it means.
import type { JSX } from 'preact';
import { useId } from 'preact/hooks';
import './field.css';
import './radio-cards.css';

export interface RadioCardsProps<Value extends string> {
  /** What is chosen. */
  label: string;
  /** The name is said elsewhere on the page. */
  isLabelHidden?: boolean | undefined;
  options: readonly { value: Value; label: string; says?: string | undefined; isDisabled?: boolean | undefined }[];
  value: Value | null;
  onSelect: (value: Value) => void;
  /** Of each option: `<testid>-<value>`. */
  testid?: string | undefined;
}

export function RadioCards<Value extends string>(props: RadioCardsProps<Value>): JSX.Element {
  const name = useId();
  return (
    <fieldset class="radio-cards">
      <legend class={props.isLabelHidden === true ? 'away' : 'field-label'}>{props.label}</legend>
      {props.options.map(({ value, label, says, isDisabled }) => (
        <label key={value} class="radio-card">
          <input
            type="radio"
            name={name}
            value={value}
            checked={value === props.value}
            disabled={isDisabled}
            data-testid={props.testid === undefined ? undefined : `${props.testid}-${value}`}
            onChange={() => props.onSelect(value)}
          />
          <strong>{label}</strong>
          {says !== undefined && <span class="hint">{says}</span>}
        </label>
      ))}
    </fieldset>
  );
}
