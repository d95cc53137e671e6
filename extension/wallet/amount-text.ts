// An amount as a person types it, read to base units: exactly, or not at all. Pure.

export type QuantityProblem =
  | 'empty'
  | 'negative'
  | 'zero'
  | 'exponent'
  /** Spaces or marks between thousands, or a comma that might be one. */
  | 'separator'
  | 'too-many-decimals'
  | 'too-large'
  | 'not-a-number';

export type QuantityVerdict = { ok: true; quantity: bigint } | { ok: false; reason: QuantityProblem };

/** The ledger counts a token in 63 bits. */
const LARGEST = (1n << 63n) - 1n;
/** More digits than any amount has: of 63 bits whole, and as many decimals. */
const MAX_TEXT = 60;

/**
 * A point is always the decimal mark. A comma is one too, unless three digits follow it as they do between thousands: who writes
 * 1,234 may mean either, and is asked.
 */
export function readQuantity(text: string, decimals: number): QuantityVerdict {
  const no = (reason: QuantityProblem): QuantityVerdict => ({ ok: false, reason });
  const trimmed = text.trim();
  if (trimmed === '') return no('empty');
  if (trimmed.length > MAX_TEXT) return no('too-large');
  if (/^[-−+]/.test(trimmed)) return no(trimmed.startsWith('+') ? 'not-a-number' : 'negative');
  if (/^[\d.,]+e[-+]?\d+$/i.test(trimmed)) return no('exponent');
  if (/^[\d\s.,'’_]+$/.test(trimmed) && (/[\s'’_]/.test(trimmed) || (trimmed.match(/[.,]/g) ?? []).length > 1)) return no('separator');
  const match = /^([0-9]*)(?:([.,])([0-9]*))?$/.exec(trimmed);
  const [, whole = '', mark, fraction = ''] = match ?? [];
  if (match === null || whole + fraction === '') return no('not-a-number');
  if (mark === ',' && fraction.length === 3 && !/^0*$/.test(whole)) return no('separator');
  const kept = fraction.replace(/0+$/, '');
  if (kept.length > decimals) return no('too-many-decimals');
  const quantity = BigInt(whole + kept.padEnd(decimals, '0'));
  if (quantity > LARGEST) return no('too-large');
  return quantity === 0n ? no('zero') : { ok: true, quantity };
}
