// What a token is called before anybody vouches for it: fingerprint (CIP-14), label of its kind (CIP-67), and its name where that is text.
import { blake2b } from '@noble/hashes/blake2.js';
import { concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import { bech32 } from '@scure/base';
import type { AssetId } from '@nunet/shared/fields.ts';
import { visibleText } from '../ui/visible-text.ts';

/** CIP-68: 100 reference token, 222 one of a kind, 333 fungible, 444 several of a kind. */
export const REFERENCE_TOKEN = 100;
const USER_TOKENS = [222, 333, 444];

/** Characters of a label that are shown. */
const LABEL_LENGTH = 40;

export const fingerprintOf = ({ policyId, assetName }: AssetId): string => {
  const hash = blake2b(concatBytes(hexToBytes(policyId), hexToBytes(assetName)), { dkLen: 20 });
  return bech32.encode('asset', bech32.toWords(hash));
};

/** CRC-8 with polynomial 7, as CIP-67 takes it over the two bytes of the label. */
function checksum(bytes: readonly number[]): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 0x80 ? ((crc << 1) ^ 7) & 0xff : crc << 1;
  }
  return crc;
}

/** Four bytes: half a byte 0, the label, its checksum, half a byte 0. */
export function labelledName(label: number, rest: string): string {
  const crc = checksum([label >> 8, label & 0xff]);
  return `0${label.toString(16).padStart(4, '0')}${crc.toString(16).padStart(2, '0')}0${rest}`;
}

/** The label of a name and what stands after it; null and the whole name where it has none. */
export function labelOf(assetName: string): { label: number | null; rest: string } {
  const label = Number.parseInt(assetName.slice(1, 5), 16);
  if (assetName.length < 8 || labelledName(label, assetName.slice(8)) !== assetName) return { label: null, rest: assetName };
  return { label, rest: assetName.slice(8) };
}

/** The text of a name, or null where its bytes are none, or nothing that a person could read. */
export function nameText(assetName: string): string | null {
  const { label, rest } = labelOf(assetName);
  const bytes = hexToBytes(label !== null && [REFERENCE_TOKEN, ...USER_TOKENS].includes(label) ? rest : assetName);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).trim();
    // Bytes that happen to be UTF-8 are mostly controls.
    return text === '' || /\p{Cc}|\p{Cn}|\p{Co}/u.test(text) ? null : visibleText(text, LABEL_LENGTH);
  } catch {
    return null;
  }
}

/** The token that carries the metadata of this one (CIP-68); null where its name says that there is none. */
export function referenceTokenOf({ policyId, assetName }: AssetId): AssetId | null {
  const { label, rest } = labelOf(assetName);
  return label !== null && USER_TOKENS.includes(label) ? { policyId, assetName: labelledName(REFERENCE_TOKEN, rest) } : null;
}

/** What to call it: its name, or both ends of its fingerprint. */
export function tokenLabel(asset: AssetId): string {
  const fingerprint = fingerprintOf(asset);
  return nameText(asset.assetName) ?? `${fingerprint.slice(0, 10)}…${fingerprint.slice(-5)}`;
}
