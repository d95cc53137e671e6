// What an owner key signs: one order to the agent whose key it is, read to a closed structure and encoded here, so that nothing else can be in
// the bytes. Counter and expiry are the vault's own. Formats: shared/owner-command.ts and shared/signature.ts.
import { cborArray, cborInt, cborMap, cborText } from '@nunet/contracts/chain/cbor.ts';
import { blake2b } from '@noble/hashes/blake2.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import type { Network } from '@nunet/shared/fields.ts';
import type { OwnerOrder } from '@nunet/shared/owner-command.ts';
import { seedPair } from './derived-keys.ts';
import { fields, flag, integer, list, literal, nullable, oneOf, text, type Read } from './read.ts';
import { signVerified, type Verify } from './verified-signature.ts';

/** CIDv1, dag-cbor, blake2b-256 of 32 bytes. */
const CID_HEAD = hexToBytes('0171a0e40220');
/** `OWNER_COMMAND_LIFETIME_MS`, written again so that the vault loads no parser. */
const LIVES_MS = 60_000;
/** A counter further ahead than this would shut its owner out. */
const MOST_AHEAD_MS = 86_400_000;

const jobId = text(/^b[a-z2-7]{20,110}$/, 'a job id');
const price = text(/^[0-9.]{1,30}$/, 'a price');
const percent = integer(10, 90);
const clock = text(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of the day');
export const peerId = text(/^12D3Koo[1-9A-HJ-NP-Za-km-z]{40,50}$/, 'a peer id');

/** Of these fields those that are there. */
const some =
  <T extends Record<string, Read<unknown>>>(shape: T): Read<{ [K in keyof T]?: ReturnType<T[K]> }> =>
  (value, at) =>
    fields(Object.fromEntries(Object.entries(shape).filter(([key]) => Object.hasOwn(Object(value) as object, key))))(value, at) as {
      [K in keyof T]?: ReturnType<T[K]>;
    };

const change = some({
  prices: fields({ cpuHour: price, memoryGibHour: price, gpuHour: price, minimum: price }),
  share: fields({ cpus: percent, memory: percent, disk: percent }),
  hours: nullable(fields({ from: clock, to: clock })),
  kinds: list(literal('onnx', 'container'), 1, 4),
  maxTimeLimitMs: integer(1_000, 30 * 86_400_000),
  telemetry: flag,
});

export const ownerOrder: Read<OwnerOrder> = oneOf('type', {
  status: fields({ type: literal('status') }),
  jobs: fields({ type: literal('jobs'), limit: integer(1, 200) }),
  logs: fields({ type: literal('logs'), jobId, fromLine: integer(0, Number.MAX_SAFE_INTEGER), lines: integer(1, 1_000) }),
  pause: fields({ type: literal('pause') }),
  resume: fields({ type: literal('resume') }),
  'stop-job': fields({ type: literal('stop-job'), jobId }),
  change: fields({ type: literal('change'), change }),
  owners: fields({ type: literal('owners') }),
  'revoke-owner': fields({ type: literal('revoke-owner'), publicKey: text(/^[0-9a-f]{64}$/, 'a public key') }),
});

/** What tells, and what is undone by its opposite, is signed while the wallet is open; the rest a person approves. */
const FREE: ReadonlySet<OwnerOrder['type']> = new Set(['status', 'jobs', 'logs', 'owners', 'pause', 'resume']);

/** Throws `approval-wanted`. */
export function demandFree({ type }: OwnerOrder): void {
  if (!FREE.has(type))
    throw new NunetError('approval-wanted', 'Cannot sign this order by itself: it changes the agent, so a person has to approve it');
}

/** dag-cbor of what the readers above let through: text, whole numbers, flags, null, lists and maps with their keys in order. */
function encoded(value: unknown): Uint8Array {
  if (typeof value === 'string') return cborText(value);
  if (typeof value === 'number') return cborInt(value);
  if (typeof value === 'boolean') return Uint8Array.of(value ? 0xf5 : 0xf4);
  if (value === null) return Uint8Array.of(0xf6);
  if (Array.isArray(value)) return cborArray(value.map(encoded));
  const entries = Object.entries(value as object).map(([key, one]): [Uint8Array, Uint8Array] => [cborText(key), encoded(one)]);
  // Keys are ASCII and shorter than 24 bytes, so their first byte is their length: shorter first, then by their bytes.
  return cborMap(entries.sort(([a], [b]) => (bytesToHex(a) < bytesToHex(b) ? -1 : 1)));
}

const hashOf = (bytes: Uint8Array): Uint8Array => blake2b(bytes, { dkLen: 32 });

/** What a page compares with what it shows. */
export const orderHash = (order: OwnerOrder): Uint8Array => hashOf(encoded(order));

export interface OwnerStatement {
  network: Network;
  agent: string;
  order: OwnerOrder;
  /** The last counter that the asker knows of. */
  above: number;
}

/** `seed` is overwritten. Throws `counter-ahead`, `signature-refused`. */
export async function signOrder(
  { network, agent, order, above }: OwnerStatement,
  { seed, nowMs, second }: { seed: Uint8Array; nowMs: number; second: Verify },
): Promise<{ body: Uint8Array; signature: Uint8Array; counter: number }> {
  const key = seedPair(seed);
  try {
    if (above > nowMs + MOST_AHEAD_MS)
      throw new NunetError('counter-ahead', 'Cannot sign the order: the last one was signed by a clock that was ahead');
    const counter = Math.max(above + 1, nowMs);
    const body = encoded({ v: 1, network, agent, owner: bytesToHex(key.publicKey), counter, expiresAt: nowMs + LIVES_MS, order });
    const statement = concatBytes(utf8ToBytes(`nunet/owner-command/1\0${network}\0`), CID_HEAD, hashOf(body));
    return { body, signature: await signVerified(key, statement, second), counter };
  } finally {
    seed.fill(0);
  }
}
