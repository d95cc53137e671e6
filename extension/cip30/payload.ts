// What a dApp may have signed as data: anything but what means something to this network, and what of it a person can read.
import { hexToBytes } from '@noble/hashes/utils.js';

/** Every byte string that keys of this network sign begins with `nunet/<name>/<version>`; inside of other text it is refused as well. */
const OWN_DOMAIN = /^\s*nunet\/|nunet\/[a-z0-9-]+\/\d/i;

/** True where a page may not ask for it: a `nunet/` domain. */
export const isOwnDomain = (payload: string): boolean =>
  // Latin-1 keeps each byte a character, also around bytes that are no UTF-8.
  OWN_DOMAIN.test(String.fromCharCode(...hexToBytes(payload)));

/** The payload as text, where it is UTF-8 without control characters other than line ends and tabs; else null. */
export function payloadText(payload: string): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(hexToBytes(payload));
    return /^[^\p{Cc}]*$/u.test(text.replaceAll(/[\n\r\t]/g, '')) ? text : null;
  } catch {
    return null;
  }
}
