// A transaction whose body is to be signed: read from its exact bytes, and refused where two readers could disagree about what they say, or
// where another network could take it.
import { asArray, asBytes, asInt, asMap, asFields, readCbor, type CborItem } from '@nunet/contracts/chain/cbor.ts';
import { readTransaction, type Transaction } from '@nunet/contracts/chain/transaction.ts';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';

/** The ledger takes 16 KiB. */
export const MAX_TRANSACTION_BYTES = 16_384;

const OUTPUTS = 1;
const WITHDRAWALS = 5;
const NETWORK_ID = 15;
const COLLATERAL_RETURN = 16;
/** Attribute of a Byron address that a test network has, and mainnet has not. */
const BYRON_NETWORK_MAGIC = 2;
const ENCODED_CBOR = 24n;

export interface SignableTransaction {
  transaction: Transaction;
  /** Which fields the body has. */
  fields: ReadonlySet<number>;
}

const refused = (why: string, cause?: unknown): NunetError =>
  new NunetError('transaction-refused', `Cannot sign the transaction: ${why}; nothing was signed`, { cause });

/** A key by its meaning: 0x01 and 0x1801 are the same number. */
function keyText(item: CborItem, source: Uint8Array): string {
  if (item.kind === 'int') return `int ${item.value}`;
  if (item.kind === 'bytes') return `bytes ${bytesToHex(item.value)}`;
  if (item.kind === 'text') return `text ${item.value}`;
  return `raw ${bytesToHex(source.subarray(item.start, item.end))}`;
}

function demandUniqueKeys(item: CborItem, source: Uint8Array, isDeep: boolean): void {
  if (item.kind === 'map') {
    const seen = new Set<string>();
    for (const [key, value] of item.entries) {
      const text = keyText(key, source);
      if (seen.has(text)) throw refused('a map in it has the same key twice, so that it could be read in two ways');
      seen.add(text);
      if (isDeep) demandUniqueKeys(value, source, true);
    }
  } else if (isDeep && item.kind === 'array') for (const one of item.items) demandUniqueKeys(one, source, true);
  else if (isDeep && item.kind === 'tag') demandUniqueKeys(item.item, source, true);
}

/** Any network but mainnet, whose addresses have another network id, or lack Byron's magic. */
function isOfTestNetwork(address: Uint8Array): boolean {
  const header = address[0] ?? 0xff;
  if (header >> 4 !== 8) return (header & 0x0f) === 0;
  const [encoded] = asArray(readCbor(address));
  if (encoded?.kind !== 'tag' || encoded.tag !== ENCODED_CBOR) return false;
  const [, attributes] = asArray(readCbor(asBytes(encoded.item)));
  return asFields(attributes).has(BYRON_NETWORK_MAGIC);
}

const addressOfOutput = (output: CborItem): Uint8Array => asBytes(output.kind === 'array' ? output.items[0] : asFields(output).get(0));

/** Our keys are the same on every network. What is signed here must be worth nothing on mainnet. */
function demandTestNetwork(body: ReadonlyMap<number, CborItem>): void {
  const outputs = asArray(body.get(OUTPUTS));
  if (outputs.length === 0) throw refused('it has no output, so that nothing ties it to a test network');
  const kept = body.get(COLLATERAL_RETURN);
  const rewards = body.get(WITHDRAWALS);
  const addresses = [
    ...[...outputs, ...(kept === undefined ? [] : [kept])].map(addressOfOutput),
    ...(rewards === undefined ? [] : asMap(rewards).map(([key]) => asBytes(key))),
  ];
  const id = body.get(NETWORK_ID);
  if (!addresses.every(isOfTestNetwork) || (id !== undefined && asInt(id) !== 0n))
    throw new NunetError(
      'address-mainnet',
      'Cannot sign the transaction: it has an address of mainnet, and this wallet is for test networks; nothing was signed',
    );
}

/** Throws `transaction-refused`, `address-mainnet`. */
export function readSignable(cbor: string): SignableTransaction {
  try {
    const source = hexToBytes(cbor);
    if (source.length > MAX_TRANSACTION_BYTES) throw refused(`it has ${source.length} bytes, the ledger takes ${MAX_TRANSACTION_BYTES}`);
    // Refuses trailing bytes.
    const parts = asArray(readCbor(source));
    const [body, witnesses, , auxiliary] = parts;
    if (parts.length !== 4 || body === undefined || witnesses === undefined || auxiliary === undefined)
      throw refused('it does not have four parts');
    demandUniqueKeys(body, source, true);
    // Deeper in the witnesses lies Plutus data, whose maps may repeat keys.
    demandUniqueKeys(witnesses, source, false);
    demandUniqueKeys(auxiliary, source, true);
    const fields = asFields(body);
    demandTestNetwork(fields);
    return { transaction: readTransaction(source), fields: new Set(fields.keys()) };
  } catch (error) {
    if (error instanceof NunetError && (error.code === 'transaction-refused' || error.code === 'address-mainnet')) throw error;
    throw refused('it is not a transaction that this wallet can read', error);
  }
}
