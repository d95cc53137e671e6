// CBOR that is longer than it has to be. The ledger takes it, honest builders do not write it, and two readers may differ over it.
import type { CborItem } from '@nunet/contracts/chain/cbor.ts';

/** The smallest argument that needs as many bytes as this one takes: RFC 8949, 4.2.1. */
const LEAST: Record<number, bigint> = { 24: 24n, 25: 0x100n, 26: 0x1_0000n, 27: 0x1_0000_0000n };

function isHeadOdd(item: CborItem, source: Uint8Array): boolean {
  const info = (source[item.start] ?? 0) & 31;
  const least = LEAST[info];
  if (least === undefined || item.kind === 'simple' || item.kind === 'other') return false;
  let argument = 0n;
  for (const byte of source.subarray(item.start + 1, item.start + 1 + (1 << (info - 24)))) argument = (argument << 8n) | BigInt(byte);
  return argument < least;
}

/** True when a number, a length or a tag anywhere in it is written longer than needed. */
export function isOddlyEncoded(item: CborItem, source: Uint8Array): boolean {
  if (isHeadOdd(item, source)) return true;
  switch (item.kind) {
    case 'array':
      return item.items.some((child) => isOddlyEncoded(child, source));
    case 'map':
      return item.entries.some(([key, value]) => isOddlyEncoded(key, source) || isOddlyEncoded(value, source));
    case 'tag':
      return isOddlyEncoded(item.item, source);
    default:
      return false;
  }
}
