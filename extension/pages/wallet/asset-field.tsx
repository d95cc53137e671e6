// An amount of one asset in a payment: how much there is, all of it by a click, and what is wrong with what is typed.
import { formatAmount } from '@nunet/shared/amount.ts';
import type { JSX } from 'preact';
import { Button, IconButton } from '../../ui/button.tsx';
import { Field } from '../../ui/field.tsx';
import { t } from '../../ui/i18n.ts';
import { quantityText } from '../../ui/quantity-text.ts';
import { quantityProblem } from './problem-text.ts';
import type { PaymentProblems } from './send-form.ts';

interface AssetFieldProps {
  label: string;
  text: string;
  available: bigint;
  decimals: number;
  problem: PaymentProblems['ada'];
  /** Instead of what is available. */
  hint?: string | undefined;
  testid: string;
  onInput: (text: string) => void;
  /** False where all of it cannot go, because the fee is paid from it. */
  hasMax: boolean;
  /** Where the asset can be left out again. */
  remove?: { label: string; act: () => void } | undefined;
}

export function AssetField({
  label,
  text,
  available,
  decimals,
  problem,
  hint,
  testid,
  onInput,
  hasMax,
  remove,
}: AssetFieldProps): JSX.Element {
  const words = t().wallet.send;
  const all = quantityText(available, decimals);
  const error = (): string | null => {
    if (problem === null) return null;
    if (problem === 'too-much') return words.tooMuch(all);
    return problem === 'nothing' ? words.nothing : quantityProblem(problem, decimals);
  };
  return (
    <Field
      label={label}
      value={text}
      inputMode="decimal"
      placeholder="0"
      maxLength={60}
      testid={testid}
      hint={hint ?? words.available(all)}
      error={error()}
      onInput={onInput}
      {...(hasMax || remove !== undefined
        ? {
            end: (
              <>
                {hasMax && (
                  <Button kind="quiet" size="small" testid={`${testid}-max`} onClick={() => onInput(formatAmount(available, decimals))}>
                    {words.max}
                  </Button>
                )}
                {remove !== undefined && <IconButton size="small" icon="cross" label={remove.label} onClick={remove.act} />}
              </>
            ),
          }
        : {})}
    />
  );
}
