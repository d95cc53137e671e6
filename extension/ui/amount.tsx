// An amount of money as it is written: exact, grouped, its unit beside it; signed where it is a change.
import type { JSX } from 'preact';
import './amount.css';
import { quantityText } from './quantity-text.ts';
import { Stranger } from './stranger.tsx';

export interface AmountProps {
  /** In the smallest unit. */
  quantity: bigint;
  decimals: number;
  unit: string;
  /** The unit's name is a stranger's word. */
  isStrange?: boolean | undefined;
  /** A change: plus or minus stands before it. */
  isSigned?: boolean | undefined;
  size?: 'normal' | 'large' | undefined;
  testid?: string | undefined;
}

export function Amount({ quantity, decimals, unit, isStrange, isSigned, size = 'normal', testid }: AmountProps): JSX.Element {
  const isIn = isSigned === true && quantity > 0n;
  return (
    <span class={`amount ${size} ${isIn ? 'in' : ''}`} data-testid={testid} data-quantity={quantity.toString()}>
      {isIn ? '+' : ''}
      {quantityText(quantity, decimals)}
      <span class="unit">{isStrange === true ? <Stranger text={unit} length={24} /> : unit}</span>
    </span>
  );
}

type Money = Omit<AmountProps, 'decimals' | 'unit' | 'isStrange'>;
export const Ntx = (props: Money): JSX.Element => <Amount {...props} decimals={6} unit="NTX" />;
export const Ada = (props: Money): JSX.Element => <Amount {...props} decimals={6} unit="ADA" />;
