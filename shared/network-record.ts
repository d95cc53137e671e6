// NetworkRecord: script hashes, oracle keys, hubs and revocations of a network, signed by offline keys that a build pins.
import { z } from 'zod';
import {
  amount,
  assetId,
  durationMs,
  hex28,
  hex32,
  multiaddrText,
  network,
  outputReference,
  peerIdText,
  timeMs,
  type Network,
} from './fields.ts';
import { cidOf, decode, encode } from './encoding.ts';
import { NunetError } from './errors.ts';
import { MAX_ORACLES } from './lock.ts';
import { statementBytes, verifySignature, type Signer } from './signature.ts';

export const MAX_NETWORK_RECORD_BYTES = 64 * 1024;

export const networkRecord = z
  .strictObject({
    v: z.literal(1),
    network,
    /** Grows with each record; a lower one than the last seen is refused. */
    sequence: z.int().min(1),
    issuedAt: timeMs,
    expiresAt: timeMs,
    asset: assetId,
    /** Newest first. Locks are made to the first only; all stay claimable. */
    escrows: z
      .array(z.strictObject({ scriptHash: hex28, referenceScript: outputReference.nullable() }))
      .min(1)
      .max(32),
    oracles: z
      .array(z.strictObject({ key: hex32, url: z.url({ protocol: /^https?$/ }).max(200) }))
      .min(1)
      .max(64),
    /** Oracle signatures a lock should ask for. */
    k: z.int().min(1).max(MAX_ORACLES),
    hubs: z.array(multiaddrText).max(32),
    revokedPeers: z.array(peerIdText).max(1000),
    /** Blocks on top of a lock before work starts, by locked amount: the first row whose `upTo` holds it. Ascending. */
    confirmations: z
      .array(z.strictObject({ upTo: amount, blocks: z.int().min(0).max(2160) }))
      .min(1)
      .max(16),
    settleLovelace: amount,
    /** Time between a delivered manifest and the end of disputes, and from there to the earliest reclaim. */
    disputeWindowMs: durationMs,
    claimWindowMs: durationMs,
  })
  .refine((record) => record.k <= record.oracles.length, 'k must not exceed the number of oracles');
export type NetworkRecord = z.infer<typeof networkRecord>;

const envelope = z.strictObject({
  body: z.instanceof(Uint8Array),
  signatures: z.array(z.strictObject({ key: hex32, signature: z.instanceof(Uint8Array) })).max(16),
});

/** Keys that a build trusts for a network, and how many must have signed. */
export interface PinnedKeys {
  keys: readonly string[];
  threshold: number;
}

/** Without signers: a draft, which nobody accepts yet and `addRecordSignature` goes on with. */
export async function signNetworkRecord(record: NetworkRecord, signers: readonly Signer[]): Promise<Uint8Array> {
  const body = encode(record);
  const signatures = await Promise.all(signers.map(async (signer) => signatureOver(record.network, body, signer)));
  return encode({ body, signatures });
}

const signatureOver = async (of: Network, body: Uint8Array, signer: Signer) => ({
  key: signer.publicKey,
  signature: await signer.sign(statementBytes('network-record', of, cidOf(body))),
});

function readEnvelope(bytes: Uint8Array): { outer: z.infer<typeof envelope>; record: NetworkRecord } {
  const outer = decode(envelope, bytes, { name: 'signed network record', maxBytes: MAX_NETWORK_RECORD_BYTES + 4096 });
  return { outer, record: decode(networkRecord, outer.body, { name: 'network record', maxBytes: MAX_NETWORK_RECORD_BYTES }) };
}

/** One more signature beside those it has; the signed bytes stay as they are. The same key's earlier one is replaced. Throws as `decode`. */
export async function addRecordSignature(bytes: Uint8Array, signer: Signer): Promise<Uint8Array> {
  const { outer, record } = readEnvelope(bytes);
  const others = outer.signatures.filter(({ key }) => key !== signer.publicKey);
  return encode({ body: outer.body, signatures: [...others, await signatureOver(record.network, outer.body, signer)] });
}

/** What a record says and who really signed it, for people to look at. Nothing is trusted by it. Throws as `decode`. */
export function inspectNetworkRecord(bytes: Uint8Array): { record: NetworkRecord; cid: string; signedBy: string[]; forged: string[] } {
  const { outer, record } = readEnvelope(bytes);
  const cid = cidOf(outer.body);
  const signed = statementBytes('network-record', record.network, cid);
  const isValid = ({ key, signature }: (typeof outer.signatures)[number]): boolean => verifySignature(signature, signed, key);
  return {
    record,
    cid,
    signedBy: [...new Set(outer.signatures.filter(isValid).map(({ key }) => key))],
    forged: outer.signatures.filter((entry) => !isValid(entry)).map(({ key }) => key),
  };
}

/** Throws `network-record-untrusted`, `network-record-expired`, `network-record-old`, or as `decode`. */
export function openNetworkRecord(
  bytes: Uint8Array,
  options: { network: Network; pinned: PinnedKeys; now: number; lastSequence: number },
): NetworkRecord {
  const { outer, record } = readEnvelope(bytes);
  if (record.network !== options.network) {
    throw new NunetError('network-mismatch', `Cannot use the network record: it is for ${record.network}, this is ${options.network}`);
  }
  const signed = statementBytes('network-record', record.network, cidOf(outer.body));
  // A key pinned twice is still one voice.
  const valid = [...new Set(options.pinned.keys)].filter((key) =>
    outer.signatures.some((entry) => entry.key === key && verifySignature(entry.signature, signed, key)),
  );
  if (options.pinned.threshold < 1 || valid.length < options.pinned.threshold) {
    throw new NunetError(
      'network-record-untrusted',
      `Cannot use the network record: ${valid.length} pinned keys signed it, ${options.pinned.threshold} must`,
    );
  }
  if (record.expiresAt <= options.now) {
    throw new NunetError(
      'network-record-expired',
      `Cannot use the network record: it expired at ${new Date(record.expiresAt).toISOString()}; get a newer one`,
    );
  }
  if (record.sequence < options.lastSequence) {
    throw new NunetError(
      'network-record-old',
      `Cannot use network record ${record.sequence}: record ${options.lastSequence} was seen before`,
    );
  }
  return record;
}

/** Blocks that must lie on top of a lock of this amount. */
export function confirmationsFor(record: NetworkRecord, amountBaseUnits: bigint): number {
  const row = record.confirmations.find((entry) => amountBaseUnits <= entry.upTo) ?? record.confirmations.at(-1);
  return row?.blocks ?? 0;
}
