// A transaction for previewing, from its exact bytes: everything that moves or binds anything is read, and what is not known is told.
import { asArray, asBytes, asFields, asInt, asMap, readCbor, type CborItem } from '@nunet/contracts/chain/cbor.ts';
import { readTransaction, type Transaction, type TransactionOutput } from '@nunet/contracts/chain/transaction.ts';
import { blake2b256 } from '@nunet/shared/encoding.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText, type OutputReference } from '@nunet/shared/fields.ts';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { viewAddress, type AddressView } from './address-view.ts';
import { coin, readCertificate, readProposals, readVotes, type Certificate, type Proposal, type Vote } from './certificates.ts';
import { metadataText } from './metadata-text.ts';
import { isOddlyEncoded } from './odd-encoding.ts';

export interface StrictOutput extends TransactionOutput {
  to: AddressView;
}

export interface StrictTransaction extends Omit<Transaction, 'outputs' | 'collateralReturn'> {
  cbor: string;
  outputs: StrictOutput[];
  collateralReturn: StrictOutput | null;
  certificates: Certificate[];
  withdrawals: { from: AddressView; lovelace: bigint }[];
  votes: Vote[];
  proposals: Proposal[];
  /** To the treasury, for nothing. */
  donation: bigint;
  /** 0 test networks, 1 mainnet, null: not said. */
  networkId: number | null;
  /** What scripts are told is bound by the body. */
  hasScriptData: boolean;
  /** `unseen`: bound by the body, and not what came with it. */
  auxiliary: 'none' | 'seen' | 'unseen';
  metadataText: string[];
  bodyFields: ReadonlySet<number>;
  /** Fields of the body that this build does not know. */
  unknownFields: number[];
  isOddlyEncoded: boolean;
}

/** The ledger takes 16 KiB. */
export const MAX_TRANSACTION_BYTES = 16_384;

/** transaction_body of the Conway CDDL. */
const BODY_FIELDS = new Set([0, 1, 2, 3, 4, 5, 7, 8, 9, 11, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22]);
const OUTPUT_FIELDS = new Set([0, 1, 2, 3]);

const refused = (why: string, cause?: unknown): NunetError =>
  new NunetError('transaction-unreadable', `Cannot show this transaction, so it is not signed: ${why}`, { cause });

/** Two entries of one name: whoever reads the first and whoever reads the last would not see the same. */
function demandDistinct(names: readonly string[], what: string): void {
  if (new Set(names).size !== names.length) throw refused(`${what} appears twice`);
}

const keyText = (item: CborItem, source: Uint8Array): string =>
  item.kind === 'int'
    ? String(item.value)
    : item.kind === 'bytes'
      ? bytesToHex(item.value)
      : bytesToHex(source.subarray(item.start, item.end));

function demandDistinctKeys(item: CborItem | undefined, source: Uint8Array, what: string): void {
  if (item !== undefined)
    demandDistinct(
      asMap(item).map(([key]) => keyText(key, source)),
      what,
    );
}

/** A value's or a mint's tokens: policies and names once each, none of them zero. */
function demandPlainTokens(item: CborItem | undefined, source: Uint8Array, what: string): void {
  if (item === undefined) return;
  demandDistinctKeys(item, source, `a policy of ${what}`);
  for (const [, names] of asMap(item)) {
    demandDistinctKeys(names, source, `a token of ${what}`);
    for (const [name, quantity] of asMap(names)) {
      if (asBytes(name).length > 32) throw refused(`a token name of ${what} is longer than 32 bytes`);
      if (asInt(quantity) === 0n) throw refused(`${what} lists a token of which there is none`);
    }
  }
}

/** Shape of an output beyond what `readOutput` needs: no fields or parts that nobody looks at. */
function demandPlainOutput(item: CborItem, source: Uint8Array): void {
  if (item.kind === 'array') {
    if (item.items.length < 2 || item.items.length > 3) throw refused(`an output of ${item.items.length} parts`);
    demandPlainValue(item.items[1], source);
    return;
  }
  const fields = asFields(item);
  const foreign = [...fields.keys()].find((field) => !OUTPUT_FIELDS.has(field));
  if (foreign !== undefined) throw refused(`an output has the unknown field ${foreign}`);
  const datum = fields.get(2);
  if (datum !== undefined) {
    const [kind, ...rest] = asArray(datum);
    const number = asInt(kind);
    if (rest.length !== 1 || (number !== 0n && number !== 1n)) throw refused('an output has an unknown kind of datum');
  }
  demandPlainValue(fields.get(1), source);
}

function demandPlainValue(value: CborItem | undefined, source: Uint8Array): void {
  if (value?.kind !== 'array') {
    coin(value);
    return;
  }
  if (value.items.length !== 2) throw refused(`a value of ${value.items.length} parts`);
  coin(value.items[0]);
  demandPlainTokens(value.items[1], source, 'an output');
  for (const [, names] of asMap(value.items[1])) for (const [, quantity] of asMap(names)) coin(quantity);
}

const strictOutput = (output: TransactionOutput, item: CborItem | undefined): StrictOutput => ({
  ...output,
  to: viewAddress(asBytes(item?.kind === 'array' ? item.items[0] : asFields(item).get(0))),
});

const distinctReferences = (references: readonly OutputReference[], what: string): void =>
  demandDistinct(references.map(referenceText), what);

/** Reads a transaction as it is. Throws `transaction-unreadable` with why, and nothing else. */
export function readStrict(cbor: string): StrictTransaction {
  if (cbor.length > 2 * MAX_TRANSACTION_BYTES) throw refused(`it has ${cbor.length / 2} bytes, the ledger takes ${MAX_TRANSACTION_BYTES}`);
  if (!/^([0-9a-f]{2})+$/.test(cbor)) throw refused('it is not hex');
  try {
    return read(cbor, hexToBytes(cbor));
  } catch (cause) {
    if (!(cause instanceof NunetError)) throw cause;
    throw cause.code === 'transaction-unreadable' ? cause : refused(cause.message, cause);
  }
}

function read(cbor: string, source: Uint8Array): StrictTransaction {
  const whole = readCbor(source);
  if (whole.kind !== 'array' || whole.items.length !== 4) throw refused('it is not an array of four parts');
  const [bodyItem, , validity, auxiliaryItem] = whole.items;
  if (validity?.kind !== 'simple' || typeof validity.value !== 'boolean') throw refused('it does not say whether its scripts succeed');
  if (bodyItem?.kind !== 'map' || bodyItem.entries.some(([key]) => key.kind !== 'int'))
    throw refused('its body is no map of numbered fields');
  const body = asFields(bodyItem);
  for (const field of [0, 1, 2]) if (!body.has(field)) throw refused(`its body lacks field ${field}`);
  const { outputs, collateralReturn, ...transaction } = readTransaction(source);
  distinctReferences(transaction.inputs, 'an input');
  distinctReferences(transaction.collateralInputs, 'a collateral input');
  distinctReferences(transaction.referenceInputs, 'a reference input');
  coin(body.get(2));
  const outputItems = asArray(body.get(1));
  const returnItem = body.get(16);
  for (const item of returnItem === undefined ? outputItems : [...outputItems, returnItem]) demandPlainOutput(item, source);
  demandPlainTokens(body.get(9), source, 'what is minted');
  demandDistinctKeys(body.get(5), source, 'a withdrawal');
  demandDistinctKeys(body.get(19), source, 'a voter');
  const withdrawals = body.has(5)
    ? asMap(body.get(5)).map(([from, amount]) => {
        const address = viewAddress(asBytes(from));
        if (address.kind !== 'reward') throw refused('it withdraws from what is no reward account');
        return { from: address, lovelace: coin(amount) };
      })
    : [];
  const networkId = body.has(15) ? asInt(body.get(15)) : null;
  if (networkId !== null && networkId !== 0n && networkId !== 1n) throw refused(`it is for network ${networkId}`);
  return {
    ...transaction,
    cbor,
    outputs: outputs.map((output, at) => strictOutput(output, outputItems[at])),
    collateralReturn: collateralReturn === null ? null : strictOutput(collateralReturn, returnItem),
    certificates: body.has(4) ? asArray(body.get(4)).map(readCertificate) : [],
    withdrawals,
    votes: readVotes(body.get(19)),
    proposals: readProposals(body.get(20)),
    donation: body.has(22) ? coin(body.get(22)) : 0n,
    networkId: networkId === null ? null : Number(networkId),
    hasScriptData: body.has(11),
    auxiliary: auxiliaryState(body.get(7), auxiliaryItem, source),
    metadataText: metadataText(transaction.metadata),
    bodyFields: new Set(body.keys()),
    unknownFields: [...body.keys()].filter((field) => !BODY_FIELDS.has(field)),
    isOddlyEncoded: isOddlyEncoded(bodyItem, source),
  };
}

function auxiliaryState(hash: CborItem | undefined, item: CborItem | undefined, source: Uint8Array): StrictTransaction['auxiliary'] {
  const isThere = item !== undefined && item.kind !== 'simple';
  if (hash === undefined) return isThere ? 'unseen' : 'none';
  if (!isThere) return 'unseen';
  return bytesToHex(blake2b256(source.subarray(item.start, item.end))) === bytesToHex(asBytes(hash)) ? 'seen' : 'unseen';
}
