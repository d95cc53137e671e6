// What a minting transaction says about its token (CIP-25, CIP-68): name, decimals, image. A stranger's words: read to a closed type, bounded.
import { base64 } from '@scure/base';
import { readCbor, type CborItem } from '@nunet/contracts/chain/cbor.ts';
import type { Transaction } from '@nunet/contracts/chain/transaction.ts';
import { assetUnit } from '@nunet/contracts/value.ts';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { AssetId } from '@nunet/shared/fields.ts';
import { visibleText } from '../ui/visible-text.ts';
import { referenceTokenOf } from './asset-name.ts';
import type { TokenImage } from './messages.ts';

export interface TokenMetadata {
  name: string | null;
  decimals: number | null;
  /** `elsewhere`: at an address on the internet, where nothing is fetched from. */
  image: TokenImage | 'elsewhere' | null;
}

const CIP25 = 721n;
const NAME_LENGTH = 50;
const MOST_DECIMALS = 20;
const MAX_IMAGE_BYTES = 256_000;
/** Base64 of such an image with what stands before it. */
const MAX_IMAGE_TEXT = 360_000;

type Field = (name: string) => CborItem | undefined;

const utf8 = (bytes: Uint8Array): string | null => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
};

/** Text, bytes that are text, or a list of them, which longer texts have to be cut into. */
function textOf(item: CborItem | undefined, limit: number): string | null {
  if (item?.kind === 'text') return item.value.length > limit ? null : item.value;
  if (item?.kind === 'bytes') return item.value.length > limit ? null : utf8(item.value);
  if (item?.kind !== 'array') return null;
  let text = '';
  for (const part of item.items) {
    if (part.kind === 'array') return null;
    const more = textOf(part, limit - text.length);
    if (more === null) return null;
    text += more;
  }
  return text;
}

/** A map's value under a key that is this text, or the bytes of it. */
const under =
  (map: CborItem | undefined): Field =>
  (name) =>
    map?.kind === 'map' ? map.entries.find(([key]) => textOf(key, 200) === name)?.[1] : undefined;

/** Under a key that is these bytes, or the hex or the text of them. */
const underBytes = (map: CborItem | undefined, hex: string): CborItem | undefined => {
  if (map?.kind !== 'map') return undefined;
  const text = utf8(hexToBytes(hex));
  const isKey = (key: CborItem): boolean =>
    key.kind === 'bytes'
      ? bytesToHex(key.value) === hex
      : key.kind === 'text' && (key.value === hex || (text !== null && key.value === text));
  return map.entries.find(([key]) => isKey(key))?.[1];
};

/** By its first bytes, whatever it is called. SVG and HTML are text, and never among them. */
function rasterType(bytes: Uint8Array): TokenImage['type'] | null {
  const begins = (...signature: number[]): boolean => signature.every((byte, index) => bytes[index] === byte);
  if (begins(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)) return 'image/png';
  if (begins(0xff, 0xd8, 0xff)) return 'image/jpeg';
  if (begins(0x47, 0x49, 0x46, 0x38)) return 'image/gif';
  const webp = [0x57, 0x45, 0x42, 0x50];
  return begins(0x52, 0x49, 0x46, 0x46) && webp.every((byte, index) => bytes[8 + index] === byte) ? 'image/webp' : null;
}

/** The image that an address stands for. Null for what is no raster image, is too large, or is no address. */
export function imageAt(address: string): TokenMetadata['image'] {
  if (address.length > MAX_IMAGE_TEXT) return null;
  if (/^(?:ipfs|https?|ar):/i.test(address) || /^(?:Qm[1-9A-HJ-NP-Za-km-z]{44}|b[a-z2-7]{50,})$/.test(address)) return 'elsewhere';
  const data = /^data:([a-z0-9.+/-]{0,60})(?:;[a-z0-9=._-]{1,60})*;base64,/i.exec(address);
  if (data === null || /svg|html|xml|script|text/i.test(data[1] ?? '')) return null;
  let bytes: Uint8Array<ArrayBuffer>;
  try {
    bytes = Uint8Array.from(base64.decode(address.slice(data[0].length).replace(/\s/g, '')));
  } catch {
    return null;
  }
  const type = bytes.length > MAX_IMAGE_BYTES ? null : rasterType(bytes);
  return type === null ? null : { type, bytes };
}

function read(field: Field): TokenMetadata {
  const name = textOf(field('name'), 1 << 20);
  const decimals = field('decimals');
  const image = textOf(field('image') ?? field('logo'), MAX_IMAGE_TEXT);
  return {
    name: name === null || name.trim() === '' ? null : visibleText(name.trim(), NAME_LENGTH),
    decimals: decimals?.kind === 'int' && decimals.value >= 0n && decimals.value <= MOST_DECIMALS ? Number(decimals.value) : null,
    image: image === null ? null : imageAt(image.trim()),
  };
}

/** CIP-25: label 721 of the transaction's metadata. */
function fromMetadata({ metadata }: Transaction, { policyId, assetName }: AssetId): TokenMetadata | null {
  const all = metadata.find(([label]) => label === CIP25)?.[1];
  const item = underBytes(underBytes(all, policyId), assetName);
  return item?.kind === 'map' ? read(under(item)) : null;
}

/** CIP-68: the datum beside the reference token, a constructor of metadata, version and whatever else. */
function fromDatum({ outputs, datums }: Transaction, asset: AssetId): TokenMetadata | null {
  const reference = referenceTokenOf(asset);
  if (reference === null) return null;
  const output = outputs.find(({ assets }) => assets.some((held) => assetUnit(held) === assetUnit(reference)));
  const datum = output?.inlineDatum ?? (output?.datumHash === undefined ? undefined : datums.get(output.datumHash));
  if (datum === undefined) return null;
  try {
    const item = readCbor(hexToBytes(datum));
    const map = item.kind === 'tag' && item.tag === 121n && item.item.kind === 'array' ? item.item.items[0] : undefined;
    return map?.kind === 'map' ? read(under(map)) : null;
  } catch {
    return null;
  }
}

/** Null unless this transaction mints the token: what any other says about it is worth nothing. Never throws. */
export function metadataOf(transaction: Transaction, asset: AssetId): TokenMetadata | null {
  const isMinted = transaction.mint.some((minted) => assetUnit(minted) === assetUnit(asset) && minted.quantity > 0n);
  return isMinted && transaction.isValid ? (fromDatum(transaction, asset) ?? fromMetadata(transaction, asset)) : null;
}
