// Building blocks of every wire schema: each is a closed type with its bound beside it.
import { base58, bech32 } from '@scure/base';
import { z } from 'zod';

const hexOf = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `must be ${bytes} bytes in lower-case hex`);

export const hex16 = hexOf(16);
export const hex28 = hexOf(28);
export const hex32 = hexOf(32);
export const hex64 = hexOf(64);

/** POSIX milliseconds, chain time. */
export const timeMs = z.int().min(0).max(8_640_000_000_000_000);
/** A duration in milliseconds, at most 30 days. */
export const durationMs = z
  .int()
  .min(0)
  .max(30 * 86_400_000);
export const byteCount = z
  .int()
  .min(0)
  .max(2 ** 50);

/**
 * bigint base units or lovelace, 0 to 2^63 - 1. dag-cbor gives back small integers as numbers, hence the union on input.
 */
export const amount = z
  .union([z.bigint(), z.int()])
  .transform((value) => BigInt(value))
  .refine((value) => value >= 0n && value < 1n << 63n, 'must be from 0 to 2^63 - 1');

export const network = z.enum(['devnet', 'preview', 'preprod']);
export type Network = z.infer<typeof network>;

/** CIDv1 in base32 text, as multiformats prints it. Parsed again where it is resolved. */
export const cidText = z.string().regex(/^b[a-z2-7]{20,110}$/, 'must be a CIDv1 in base32');

/** libp2p peer id of an Ed25519 key, base58 text (12D3Koo...). */
export const peerIdText = z
  .string()
  .max(60)
  .refine((text) => {
    try {
      const bytes = base58.decode(text);
      return bytes.length === 38 && bytes[0] === 0x00 && bytes[1] === 0x24;
    } catch {
      return false;
    }
  }, 'must be the peer id of an Ed25519 key (12D3Koo...)');

/** A Cardano payment address in bech32 text: base or enterprise, test networks only (mainnet is refused on purpose). */
export const cardanoAddress = z
  .string()
  .max(130)
  .refine((text) => {
    try {
      const { prefix, words } = bech32.decode(text as `${string}1${string}`, 130);
      const bytes = bech32.fromWords(words);
      const kind = (bytes[0] ?? 0) >> 4;
      const length = kind <= 3 ? 57 : 29;
      return prefix === 'addr_test' && (kind <= 3 || kind === 6 || kind === 7) && ((bytes[0] ?? 0) & 15) === 0 && bytes.length === length;
    } catch {
      return false;
    }
  }, 'must be a test-network Cardano address (addr_test1...), base or enterprise');

/** Multiaddr text; parsed by the transport that dials it. */
export const multiaddrText = z.string().min(2).max(512).startsWith('/');

/** A file name of a job: one path segment, so that nothing can climb out of the folder it is saved in. */
export const fileName = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/, 'must be one plain file name: letters, digits, dot, dash, underscore, at most 100')
  .refine((name) => !name.includes('..') && !name.endsWith('.'), 'must not hold ".." or end in a dot');

/** Where an output sits on chain. */
export const outputReference = z.strictObject({ txId: hex32, index: z.int().min(0).max(65_535) });
export type OutputReference = z.infer<typeof outputReference>;

export const referenceText = (reference: OutputReference): string => `${reference.txId}#${reference.index}`;

/** A native asset: minting policy and name, both hex. */
export const assetId = z.strictObject({ policyId: hex28, assetName: z.string().regex(/^([0-9a-f]{2}){0,32}$/) });
export type AssetId = z.infer<typeof assetId>;
