// Amounts: bigint base units inside, decimals only at the edge of the screen.
import type { AssetId } from './fields.ts';
import { NunetError } from './errors.ts';

/** NTX and its test tokens have six decimals; so has ADA (lovelace). */
export const DECIMALS = 6;

/** tNTX on PreProd and the alpha's mNTX. Source: DESIGN section 5. */
export const PREPROD_TNTX: AssetId = {
  policyId: '88b60b51a3dcd3a6134bb1c0fdd2837d8cc87abd27dbd0c3a494869f',
  assetName: '4e754e657450726570726f64',
};

/** 2500000n -> "2.5". Never rounds. */
export function formatAmount(baseUnits: bigint, decimals = DECIMALS): string {
  const sign = baseUnits < 0n ? '-' : '';
  const digits = (baseUnits < 0n ? -baseUnits : baseUnits).toString().padStart(decimals + 1, '0');
  const whole = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '');
  return fraction === '' ? sign + whole : `${sign}${whole}.${fraction}`;
}

/** "2.5" -> 2500000n. Throws `amount-invalid` on anything but a plain decimal that fits the asset's decimals and the ledger's 63 bits. */
export function parseAmount(text: string, decimals = DECIMALS): bigint {
  const match = /^(\d{1,13})(?:\.(\d+))?$/.exec(text);
  const fraction = match?.[2] ?? '';
  if (match?.[1] === undefined || fraction.length > decimals) {
    throw new NunetError(
      'amount-invalid',
      `Cannot read amount "${text.slice(0, 40)}": want a decimal number with at most ${decimals} places, such as 2.5`,
    );
  }
  const baseUnits = BigInt(match[1]) * 10n ** BigInt(decimals) + BigInt(fraction.padEnd(decimals, '0') || '0');
  if (baseUnits >= 1n << 63n) {
    throw new NunetError('amount-invalid', `Cannot use amount "${text}": want at most ${formatAmount((1n << 63n) - 1n, decimals)}`);
  }
  return baseUnits;
}
