// Ed25519 over domain-separated bytes: `nunet/<name>/1` 0x00 network 0x00 CID. Off-chain statements only; on-chain bytes are in lock.ts.
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { cidOf, decode, encode } from './encoding.ts';
import { NunetError } from './errors.ts';
import { type Network } from './fields.ts';
import { parseCid } from './encoding.ts';

/** Every off-chain statement that is ever signed. On-chain tags (settle, voucher, close) are kept out on purpose. */
export const SIGNED_NAMES = [
  'advert',
  'quote',
  'quote-refusal',
  'lock-refusal',
  'manifest',
  'ack',
  'dispute',
  'cancel',
  'receipt',
  'attestation',
  'network-record',
  'sealed-key',
  /** The owner's order to an agent, by the owner key. */
  'owner-command',
  /** What an agent measured of itself, by its peer key: in adverts, and with the owner's consent to operators. */
  'benchmark',
  'telemetry',
] as const;
export type SignedName = (typeof SIGNED_NAMES)[number];

/** The key holder's side: bytes in, 64-byte signature out. The secret stays behind it. */
export interface Signer {
  /** Ed25519 public key, 32 bytes hex. */
  readonly publicKey: string;
  sign(bytes: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

export function signerOf(secretKey: Uint8Array): Signer {
  return { publicKey: bytesToHex(ed25519.getPublicKey(secretKey)), sign: (bytes) => ed25519.sign(bytes, secretKey) };
}

/** Strict RFC 8032 verification (no ZIP215 leniency), as the ledger's builtin does. Never throws. */
export function verifySignature(signature: Uint8Array, bytes: Uint8Array, publicKey: string): boolean {
  try {
    return ed25519.verify(signature, bytes, hexToBytes(publicKey), { zip215: false });
  } catch {
    return false;
  }
}

export const statementBytes = (name: SignedName, network: Network, cid: string): Uint8Array =>
  concatBytes(utf8ToBytes(`nunet/${name}/1`), new Uint8Array(1), utf8ToBytes(network), new Uint8Array(1), parseCid(cid).bytes);

/** A statement with its signature and its CID. The bytes that travel are `envelope`. */
export interface Signed<T> {
  readonly body: T;
  /** CID text of the body's canonical bytes. */
  readonly cid: string;
  readonly envelope: Uint8Array;
}

const envelopeSchema = z.strictObject({ body: z.instanceof(Uint8Array), signature: z.instanceof(Uint8Array) });
const ENVELOPE_OVERHEAD = 128;

/** Signs a statement that carries its own `network`. */
export async function signStatement<T extends { network: Network }>(name: SignedName, body: T, signer: Signer): Promise<Signed<T>> {
  const bytes = encode(body);
  const cid = cidOf(bytes);
  const signature = await signer.sign(statementBytes(name, body.network, cid));
  return { body, cid, envelope: encode({ body: bytes, signature }) };
}

/**
 * Opens an envelope from a stranger. `keyOf` says from the parsed body whose signature it must be.
 * Throws as `decode`, or `signature-invalid`.
 */
export function openStatement<T extends { network: Network }>(
  name: SignedName,
  schema: z.ZodType<T>,
  envelope: Uint8Array,
  options: { network: Network; maxBytes: number; keyOf: (body: T) => string },
): Signed<T> {
  const outer = decode(envelopeSchema, envelope, { name: `signed ${name}`, maxBytes: options.maxBytes + ENVELOPE_OVERHEAD });
  const body = decode(schema, outer.body, { name, maxBytes: options.maxBytes });
  if (body.network !== options.network) {
    throw new NunetError('network-mismatch', `Cannot accept ${name}: it is for ${body.network}, this is ${options.network}`);
  }
  const cid = cidOf(outer.body);
  if (!verifySignature(outer.signature, statementBytes(name, body.network, cid), options.keyOf(body))) {
    throw new NunetError('signature-invalid', `Cannot accept ${name} ${cid}: its signature is not of the key that must sign it`);
  }
  return { body, cid, envelope };
}
