// Who may reclaim a lock and from when: read from its datum as the script reads it, so that no malformed datum hides money. Without Mesh.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText } from '@nunet/shared/fields.ts';
import { asArray, asBytes, asInt, readCbor, type CborItem } from './chain/cbor.ts';
import type { Utxo } from './chain/chain.ts';

/** The two things that Reclaim reads, as the script reads them. */
export interface ReclaimTerms {
  /** Hash of the key that has to sign. */
  keyHash: string;
  reclaimAfter: number;
}

const SERVICE_PROVIDER = 0;
const RECLAIM_AFTER = 7;
/** The largest time that Date can say; later ones never come. */
const LAST_TIME_MS = 8_640_000_000_000_000n;

/** Fields of a constructor in any form that the ledger takes: tags 121-127, 1280-1400, or 102 with the index beside them. */
function constructorOf(item: CborItem | undefined): { index: number; fields: CborItem[] } {
  if (item?.kind !== 'tag') throw new NunetError('plutus-data-invalid', 'Cannot read Plutus data: want a constructor');
  const { tag, item: inner } = item;
  if (tag >= 121n && tag <= 127n) return { index: Number(tag - 121n), fields: asArray(inner) };
  if (tag >= 1280n && tag <= 1400n) return { index: Number(tag - 1273n), fields: asArray(inner) };
  const [index, fields] = tag === 102n ? asArray(inner) : [];
  return { index: Number(asInt(index)), fields: asArray(fields) };
}

/** Reads nothing else of the datum, as the script does. Throws `datum-invalid` when not even the script could read them, or when a script owns the lock. */
export function reclaimTerms({ reference, inlineDatum }: Pick<Utxo, 'reference' | 'inlineDatum'>): ReclaimTerms {
  const invalid = (why: string, cause?: unknown): NunetError =>
    new NunetError('datum-invalid', `Cannot reclaim ${referenceText(reference)}: ${why}`, { cause });
  if (inlineDatum === undefined) throw invalid('it has no inline datum');
  let owner: { index: number; fields: CborItem[] };
  let keyHash: string;
  let reclaimAfter: bigint;
  try {
    const { fields } = constructorOf(readCbor(hexToBytes(inlineDatum)));
    owner = constructorOf(constructorOf(fields[SERVICE_PROVIDER]).fields[0]);
    keyHash = bytesToHex(asBytes(owner.fields[0]));
    reclaimAfter = asInt(fields[RECLAIM_AFTER]);
  } catch (cause) {
    throw invalid('owner or time are unreadable', cause);
  }
  if (owner.index !== 0) throw invalid('its owner is a script; that script has to spend an input in the same transaction');
  if (reclaimAfter > LAST_TIME_MS) throw invalid(`its time ${reclaimAfter} never comes`);
  return { keyHash, reclaimAfter: reclaimAfter < 0n ? 0 : Number(reclaimAfter) };
}
