// The one message that is mostly bytes, read without a copy: a block in its canonical dag-cbor. The general reader decodes, encodes again
// and compares, which for 256 KiB is most of what a fetch costs the receiver.
import { cidText } from './fields.ts';

/** {cid, type, bytes}, keys by length and then by letters, as canonical dag-cbor has them. */
const BEFORE_CID = Uint8Array.of(0xa3, 0x63, 0x63, 0x69, 0x64, 0x78);
const BEFORE_BYTES = new TextEncoder().encode('dtypeeblockebytes');
const text = new TextDecoder('utf-8', { fatal: true });

const startsWith = (bytes: Uint8Array, start: Uint8Array, at: number): boolean =>
  start.every((value, index) => bytes[at + index] === value);

/** Length and end of the head of a byte string, in its shortest form; null: another one. */
function byteString(bytes: Uint8Array, at: number): { length: number; from: number } | null {
  const head = bytes[at] ?? 0;
  const sized = (size: number, least: number): { length: number; from: number } | null => {
    let length = 0;
    for (let index = 1; index <= size; index++) length = length * 256 + (bytes[at + index] ?? 0);
    return length < least ? null : { length, from: at + 1 + size };
  };
  if (head >= 0x40 && head < 0x58) return { length: head - 0x40, from: at + 1 };
  if (head === 0x58) return sized(1, 24);
  if (head === 0x59) return sized(2, 2 ** 8);
  return head === 0x5a ? sized(4, 2 ** 16) : null;
}

/** The block, its bytes a view of the message; null: not exactly such a message, which the general reader judges. */
export function readBlockAnswer(message: Uint8Array): { type: 'block'; cid: string; bytes: Uint8Array } | null {
  if (!startsWith(message, BEFORE_CID, 0)) return null;
  const cidLength = message[BEFORE_CID.length] ?? 0;
  const cidAt = BEFORE_CID.length + 1;
  const after = cidAt + cidLength;
  if (cidLength < 24 || !startsWith(message, BEFORE_BYTES, after)) return null;
  const found = byteString(message, after + BEFORE_BYTES.length);
  if (found === null || found.from + found.length !== message.length) return null;
  let cid: string;
  try {
    cid = text.decode(message.subarray(cidAt, after));
  } catch {
    return null;
  }
  return cidText.safeParse(cid).success ? { type: 'block', cid, bytes: message.subarray(found.from) } : null;
}
