// A password's field: never drawn from state, so that the only copy in the page is the one in the element, which its form reads and empties.
import { useSignal } from '@preact/signals';
import type { ComponentChildren, JSX, Ref } from 'preact';
import { IconButton } from './button.tsx';
import { FieldFrame } from './field.tsx';
import { t } from './i18n.ts';

export interface PasswordFieldProps {
  label: string;
  hint?: ComponentChildren | undefined;
  error?: string | null | undefined;
  /** `off` where a password manager has nothing to offer. */
  autoComplete?: 'current-password' | 'new-password' | 'off' | undefined;
  inputRef?: Ref<HTMLInputElement> | undefined;
  isDisabled?: boolean | undefined;
  /** Something was typed; what it is stays in the element. */
  onInput?: ((input: HTMLInputElement) => void) | undefined;
  testid?: string | undefined;
}

export function PasswordField({ label, hint, error, ...props }: PasswordFieldProps): JSX.Element {
  const isShown = useSignal(false);
  return (
    <FieldFrame {...{ label, hint, error }}>
      {(ids) => (
        <span class="control-place one">
          <input
            {...ids}
            ref={props.inputRef ?? null}
            class="control"
            {...(isShown.value ? { type: 'text' as const } : { type: 'password' as const })}
            autocomplete={props.autoComplete ?? 'off'}
            autocapitalize="none"
            spellcheck={false}
            maxLength={1024}
            disabled={props.isDisabled}
            data-testid={props.testid}
            onInput={(event) => props.onInput?.(event.currentTarget)}
          />
          <span class="control-end">
            <IconButton
              size="small"
              icon={isShown.value ? 'eye-off' : 'eye'}
              label={isShown.value ? t().shell.parts.hidePassword : t().shell.parts.showPassword}
              onClick={() => (isShown.value = !isShown.value)}
            />
          </span>
        </span>
      )}
    </FieldFrame>
  );
}

/** What an input holds, as bytes for the vault; the input is empty afterwards. The receiver overwrites the bytes. */
export function takeSecret(input: HTMLInputElement | null): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(input?.value.normalize('NFKC') ?? '');
  if (input !== null) input.value = '';
  return bytes;
}
