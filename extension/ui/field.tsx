// A labelled place to write in: text, several lines, or a choice, with its hint and its error told to a screen reader too.
import type { ComponentChildren, JSX, Ref } from 'preact';
import { useId } from 'preact/hooks';
import './field.css';
import { Icon } from './icons.tsx';

interface Frame {
  label: string;
  hint?: ComponentChildren | undefined;
  /** What is wrong with it, and how to mend it. */
  error?: string | null | undefined;
  isWide?: boolean | undefined;
}

interface Ids {
  id: string;
  'aria-describedby': string | undefined;
  'aria-invalid': 'true' | undefined;
}

/** Label, hint and error around any control that takes these ids. */
export function FieldFrame({ label, hint, error, isWide, children }: Frame & { children: (ids: Ids) => JSX.Element }): JSX.Element {
  const id = useId();
  const hasError = error !== undefined && error !== null && error !== '';
  const described = [hint === undefined ? '' : `${id}-hint`, hasError ? `${id}-error` : ''].filter((one) => one !== '').join(' ');
  return (
    <div class={isWide === true ? 'field wide' : 'field'}>
      <label for={id}>{label}</label>
      {children({ id, 'aria-describedby': described === '' ? undefined : described, 'aria-invalid': hasError ? 'true' : undefined })}
      {hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {hasError && (
        <p class="field-error" id={`${id}-error`} role="alert">
          <Icon name="alert" size={14} />
          <span>{error}</span>
        </p>
      )}
    </div>
  );
}

export interface FieldProps extends Frame {
  value: string;
  onInput: (value: string) => void;
  onBlur?: (() => void) | undefined;
  name?: string | undefined;
  placeholder?: string | undefined;
  inputMode?: 'text' | 'decimal' | 'numeric' | 'url' | undefined;
  maxLength?: number | undefined;
  isRequired?: boolean | undefined;
  isDisabled?: boolean | undefined;
  /** Ids and addresses. */
  isMono?: boolean | undefined;
  autoComplete?: string | undefined;
  /** At the end of the field: a unit, a small button. */
  end?: ComponentChildren | undefined;
  inputRef?: Ref<HTMLInputElement> | undefined;
  testid?: string | undefined;
}

export function Field({ label, hint, error, isWide, ...props }: FieldProps): JSX.Element {
  return (
    <FieldFrame {...{ label, hint, error, isWide }}>
      {(ids) => {
        const input = (
          <input
            {...ids}
            ref={props.inputRef ?? null}
            class={props.isMono === true ? 'control mono' : 'control'}
            type="text"
            name={props.name}
            value={props.value}
            placeholder={props.placeholder}
            inputMode={props.inputMode}
            maxLength={props.maxLength}
            required={props.isRequired}
            disabled={props.isDisabled}
            autocomplete={props.autoComplete ?? 'off'}
            spellcheck={false}
            data-testid={props.testid}
            onInput={(event) => props.onInput(event.currentTarget.value)}
            onBlur={props.onBlur}
          />
        );
        return props.end === undefined ? (
          input
        ) : (
          <span class="control-place">
            {input}
            <span class="control-end">{props.end}</span>
          </span>
        );
      }}
    </FieldFrame>
  );
}

export interface TextAreaProps extends Frame {
  value: string;
  onInput: (value: string) => void;
  rows?: number | undefined;
  maxLength?: number | undefined;
  isRequired?: boolean | undefined;
  isMono?: boolean | undefined;
  inputRef?: Ref<HTMLTextAreaElement> | undefined;
  testid?: string | undefined;
}

export function TextArea({ label, hint, error, isWide, ...props }: TextAreaProps): JSX.Element {
  return (
    <FieldFrame {...{ label, hint, error, isWide }}>
      {(ids) => (
        <textarea
          {...ids}
          ref={props.inputRef ?? null}
          class={props.isMono === true ? 'control mono' : 'control'}
          rows={props.rows ?? 3}
          value={props.value}
          maxLength={props.maxLength}
          required={props.isRequired}
          autocomplete="off"
          spellcheck={false}
          data-testid={props.testid}
          onInput={(event) => props.onInput(event.currentTarget.value)}
        />
      )}
    </FieldFrame>
  );
}

export interface SelectProps<Value extends string> extends Frame {
  value: Value;
  options: readonly { value: Value; label: string }[];
  onSelect: (value: Value) => void;
  isDisabled?: boolean | undefined;
  testid?: string | undefined;
}

export function Select<Value extends string>({ label, hint, error, isWide, ...props }: SelectProps<Value>): JSX.Element {
  return (
    <FieldFrame {...{ label, hint, error, isWide }}>
      {(ids) => (
        <select
          {...ids}
          class="control"
          value={props.value}
          disabled={props.isDisabled}
          data-testid={props.testid}
          onChange={(event) => {
            const chosen = props.options.find(({ value }) => value === event.currentTarget.value);
            if (chosen !== undefined) props.onSelect(chosen.value);
          }}
        >
          {props.options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      )}
    </FieldFrame>
  );
}
