// What metadata says, as lines of text: labels, keys and values, bounded however large or deep it is.
import type { CborItem } from '@nunet/contracts/chain/cbor.ts';
import { bytesToHex } from '@noble/hashes/utils.js';

const MOST_LINES = 40;
const MOST_CHARACTERS = 200;
const DEEPEST = 4;

function valueText(item: CborItem, depth: number): string {
  if (depth > DEEPEST) return '…';
  switch (item.kind) {
    case 'int':
      return String(item.value);
    case 'text':
      return item.value.slice(0, MOST_CHARACTERS);
    case 'bytes':
      return `0x${bytesToHex(item.value.subarray(0, 64))}${item.value.length > 64 ? '…' : ''}`;
    case 'array':
      return `[${item.items
        .slice(0, 20)
        .map((child) => valueText(child, depth + 1))
        .join(', ')}${item.items.length > 20 ? ', …' : ''}]`;
    case 'map':
      return `{${item.entries
        .slice(0, 20)
        .map(([key, value]) => `${valueText(key, depth + 1)}: ${valueText(value, depth + 1)}`)
        .join(', ')}${item.entries.length > 20 ? ', …' : ''}}`;
    case 'tag':
      return valueText(item.item, depth + 1);
    default:
      return '…';
  }
}

/** CIP-20: `{"msg": [lines]}` under label 674 is a note to whoever reads the transaction. */
function noteLines(item: CborItem): string[] | null {
  if (item.kind !== 'map') return null;
  const message = item.entries.find(([key]) => key.kind === 'text' && key.value === 'msg')?.[1];
  return message?.kind === 'array' && item.entries.length === 1 ? message.items.map((line) => valueText(line, 0)) : null;
}

export function metadataText(metadata: readonly [bigint, CborItem][]): string[] {
  const lines = metadata.flatMap(([label, value]) => (label === 674n ? noteLines(value) : null) ?? [`${label}: ${valueText(value, 0)}`]);
  const cut = lines.slice(0, MOST_LINES).map((line) => (line.length > MOST_CHARACTERS ? `${line.slice(0, MOST_CHARACTERS - 1)}…` : line));
  return lines.length > MOST_LINES ? [...cut, '…'] : cut;
}
