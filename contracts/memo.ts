// A message beside a payment (CIP-20, metadata label 674): lines of at most 64 bytes, written for everybody to read for ever.
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { asArray, asMap, cborArray, cborInt, cborMap, cborText, type CborItem } from './chain/cbor.ts';

const LABEL = 674n;
/** The ledger's limit on a text in metadata, UTF-8. */
const LINE_BYTES = 64;
/** What a wallet writes; a transaction has room for more, a reader's patience has not. */
export const MAX_MEMO_BYTES = 512;
/** What is read of a stranger's. */
const MAX_LINES = 64;

/** Lines of a text, cut between characters where one is too long. */
function linesOf(text: string): string[] {
  const lines: string[] = [];
  for (const whole of text.split(/\r?\n/)) {
    let line = '';
    let bytes = 0;
    for (const character of whole) {
      const more = utf8ToBytes(character).length;
      if (bytes + more > LINE_BYTES) {
        lines.push(line);
        line = '';
        bytes = 0;
      }
      line += character;
      bytes += more;
    }
    lines.push(line);
  }
  return lines;
}

/** CBOR hex of the auxiliary data; null for an empty memo, which gets none. Throws `memo-invalid`. */
export function memoData(text: string): string | null {
  if (text.trim() === '') return null;
  const bytes = utf8ToBytes(text).length;
  if (bytes > MAX_MEMO_BYTES || !text.isWellFormed())
    throw new NunetError('memo-invalid', `Cannot add this message: ${bytes} bytes of text, want at most ${MAX_MEMO_BYTES}, well-formed`);
  const message = cborMap([[cborText('msg'), cborArray(linesOf(text).map(cborText))]]);
  return bytesToHex(cborMap([[cborInt(LABEL), message]]));
}

/** The message in a transaction's metadata; null: there is none that can be read. Never throws. A stranger's words. */
export function memoOf(metadata: readonly [bigint, CborItem][]): string | null {
  const item = metadata.find(([label]) => label === LABEL)?.[1];
  if (item?.kind !== 'map') return null;
  const message = asMap(item).find(([key]) => key.kind === 'text' && key.value === 'msg')?.[1];
  if (message?.kind === 'text') return message.value;
  if (message?.kind !== 'array') return null;
  const lines = asArray(message).slice(0, MAX_LINES);
  return lines.every((line) => line.kind === 'text') ? lines.map(({ value }) => value).join('\n') : null;
}
