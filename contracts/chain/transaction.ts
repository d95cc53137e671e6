// A Conway transaction from its bytes: what it spends, makes, proves and costs. Its id is the hash of its body as sent.
import { blake2b } from '@noble/hashes/blake2.js';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';
import { addressText } from './address.ts';
import { asArray, asBytes, asFields, asInt, asMap, readCbor, type CborItem } from './cbor.ts';
import type { AssetQuantity, RedeemerBudget, RedeemerTag, Utxo } from './chain.ts';

export const SCRIPT_LANGUAGES = ['native', 'plutusV1', 'plutusV2', 'plutusV3'] as const;
export type ScriptLanguage = (typeof SCRIPT_LANGUAGES)[number];

/** `bytes`: the native script's CBOR, or the flat program wrapped once in CBOR, as the ledger hashes it. */
export interface Script {
  hash: string;
  language: ScriptLanguage;
  bytes: Uint8Array;
}

export interface TransactionOutput extends Utxo {
  /** The output's CBOR as sent. */
  raw: Uint8Array;
  referenceScript?: Script;
}

export interface Redeemer extends RedeemerBudget {
  /** Plutus data, CBOR hex. */
  data: string;
}

export interface Transaction {
  id: string;
  raw: Uint8Array;
  inputs: OutputReference[];
  collateralInputs: OutputReference[];
  referenceInputs: OutputReference[];
  outputs: TransactionOutput[];
  collateralReturn: TransactionOutput | null;
  totalCollateral: bigint | null;
  fee: bigint;
  /** First slot in which it is valid, null: since ever. */
  validFrom: number | null;
  /** First slot in which it is no longer valid, null: for ever. */
  validUntil: number | null;
  mint: AssetQuantity[];
  requiredSigners: string[];
  /** False: a script failed and only the collateral is taken. */
  isValid: boolean;
  redeemers: Redeemer[];
  /** Scripts carried as witnesses. */
  scripts: Script[];
  /** Datums carried as witnesses, by hash. */
  datums: Map<string, string>;
  /** Public keys that signed, hex; not checked here. */
  signers: string[];
  metadata: [bigint, CborItem][];
  counts: { withdrawals: number; certificates: number };
}

const REDEEMER_TAGS: RedeemerTag[] = ['spend', 'mint', 'certificate', 'withdrawal', 'vote', 'propose'];
const hash32 = (bytes: Uint8Array): string => bytesToHex(blake2b(bytes, { dkLen: 32 }));

/** Ledger hash of a script: blake2b-224 over language byte || bytes. */
export const scriptHash = (language: ScriptLanguage, bytes: Uint8Array): string =>
  bytesToHex(blake2b(concatBytes(Uint8Array.of(SCRIPT_LANGUAGES.indexOf(language)), bytes), { dkLen: 28 }));

const script = (language: ScriptLanguage, bytes: Uint8Array): Script => ({ hash: scriptHash(language, bytes), language, bytes });

function smallInt(item: CborItem | undefined): number {
  const value = asInt(item);
  if (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new NunetError('cbor-invalid', `Cannot read transaction: number ${value} out of range`);
  return Number(value);
}

function hexOf(item: CborItem | undefined, bytes: number): string {
  const value = asBytes(item);
  if (value.length !== bytes) throw new NunetError('cbor-invalid', `Cannot read transaction: hash of ${value.length} bytes, want ${bytes}`);
  return bytesToHex(value);
}

const references = (item: CborItem | undefined): OutputReference[] =>
  item === undefined
    ? []
    : asArray(item).map((input) => {
        const [txId, index] = asArray(input);
        return { txId: hexOf(txId, 32), index: smallInt(index) };
      });

const assetList = (item: CborItem | undefined): AssetQuantity[] =>
  item === undefined
    ? []
    : asMap(item).flatMap(([policy, names]) =>
        asMap(names).map(([name, quantity]) => ({
          policyId: hexOf(policy, 28),
          assetName: bytesToHex(asBytes(name)),
          quantity: asInt(quantity),
        })),
      );

function unwrapEncoded(item: CborItem | undefined): Uint8Array {
  if (item?.kind !== 'tag' || item.tag !== 24n) throw new NunetError('cbor-invalid', 'Cannot read transaction: want encoded CBOR (tag 24)');
  return asBytes(item.item);
}

/** One output from its CBOR, legacy array or map form. */
export function readOutput(item: CborItem, source: Uint8Array, reference: OutputReference): TransactionOutput {
  const legacy = item.kind === 'array';
  const fields = legacy ? new Map(asArray(item).map((value, index) => [index, value])) : asFields(item);
  const value = fields.get(1);
  const [coin, tokens] = value?.kind === 'array' ? asArray(value) : [value, undefined];
  const output: TransactionOutput = {
    reference,
    address: addressText(asBytes(fields.get(0))),
    lovelace: asInt(coin),
    assets: assetList(tokens),
    raw: source.slice(item.start, item.end),
  };
  const datum = fields.get(2);
  if (datum !== undefined && legacy) output.datumHash = hexOf(datum, 32);
  else if (datum !== undefined) {
    const [kind, content] = asArray(datum);
    if (asInt(kind) === 0n) output.datumHash = hexOf(content, 32);
    else output.inlineDatum = bytesToHex(unwrapEncoded(content));
  }
  const scriptReference = legacy ? undefined : fields.get(3);
  if (scriptReference !== undefined) {
    const encoded = unwrapEncoded(scriptReference);
    const [kind, content] = asArray(readCbor(encoded));
    const language = SCRIPT_LANGUAGES[smallInt(kind)];
    if (language === undefined || content === undefined)
      throw new NunetError('cbor-invalid', 'Cannot read transaction: unknown script language');
    output.referenceScript = script(language, language === 'native' ? encoded.slice(content.start, content.end) : asBytes(content));
    output.referenceScriptHash = output.referenceScript.hash;
  }
  return output;
}

function readRedeemers(item: CborItem | undefined, source: Uint8Array): Redeemer[] {
  if (item === undefined) return [];
  const rows: [CborItem | undefined, CborItem | undefined, CborItem | undefined, CborItem | undefined][] =
    item.kind === 'map'
      ? item.entries.map(([key, value]) => {
          const [tag, index] = asArray(key);
          const [data, budget] = asArray(value);
          return [tag, index, data, budget];
        })
      : asArray(item).map((row) => {
          const [tag, index, data, budget] = asArray(row);
          return [tag, index, data, budget];
        });
  return rows.map(([tag, index, data, budget]) => {
    const name = REDEEMER_TAGS[smallInt(tag)];
    if (name === undefined || data === undefined) throw new NunetError('cbor-invalid', 'Cannot read transaction: unknown redeemer purpose');
    const [memory, steps] = asArray(budget);
    return {
      tag: name,
      index: smallInt(index),
      memory: asInt(memory),
      steps: asInt(steps),
      data: bytesToHex(source.subarray(data.start, data.end)),
    };
  });
}

function readMetadata(item: CborItem | undefined): [bigint, CborItem][] {
  // Shelley: the map itself; Allegra: [map, scripts]; Alonzo: tag 259 over {0: map}.
  if (item === undefined || item.kind === 'simple') return [];
  const map = item.kind === 'tag' ? asFields(item.item).get(0) : item.kind === 'array' ? item.items[0] : item;
  return map === undefined ? [] : asMap(map).map(([label, value]) => [asInt(label), value]);
}

const byReference = (a: OutputReference, b: OutputReference): number => (a.txId < b.txId ? -1 : a.txId > b.txId ? 1 : a.index - b.index);

/** Reads a transaction from its bytes. Throws `cbor-invalid`. Nothing is validated beyond shape. */
export function readTransaction(raw: Uint8Array): Transaction {
  const [body, witness, valid, auxiliary] = asArray(readCbor(raw));
  if (body === undefined || witness === undefined)
    throw new NunetError('cbor-invalid', 'Cannot read transaction: want an array of body and witnesses');
  const id = hash32(raw.subarray(body.start, body.end));
  const fields = asFields(body);
  const witnesses = asFields(witness);
  const outputs = asArray(fields.get(1));
  const outputAt = (item: CborItem, index: number): TransactionOutput => readOutput(item, raw, { txId: id, index });
  const collateralReturn = fields.get(16);
  const scriptsAt = (key: number, language: ScriptLanguage): Script[] => {
    const items = witnesses.get(key);
    return items === undefined
      ? []
      : asArray(items).map((item) => script(language, language === 'native' ? raw.slice(item.start, item.end) : asBytes(item)));
  };
  const datums = witnesses.get(4);
  const optionalSlot = (key: number): number | null => (fields.has(key) ? smallInt(fields.get(key)) : null);
  return {
    id,
    raw,
    // Redeemer indices count inputs in ledger order.
    inputs: references(fields.get(0)).toSorted(byReference),
    collateralInputs: references(fields.get(13)),
    referenceInputs: references(fields.get(18)),
    outputs: outputs.map(outputAt),
    collateralReturn: collateralReturn === undefined ? null : outputAt(collateralReturn, outputs.length),
    totalCollateral: fields.has(17) ? asInt(fields.get(17)) : null,
    fee: asInt(fields.get(2)),
    validFrom: optionalSlot(8),
    validUntil: optionalSlot(3),
    mint: assetList(fields.get(9)),
    requiredSigners: fields.has(14) ? asArray(fields.get(14)).map((item) => hexOf(item, 28)) : [],
    isValid: !(valid?.kind === 'simple' && valid.value === false),
    redeemers: readRedeemers(witnesses.get(5), raw),
    scripts: [...scriptsAt(1, 'native'), ...scriptsAt(3, 'plutusV1'), ...scriptsAt(6, 'plutusV2'), ...scriptsAt(7, 'plutusV3')],
    datums: new Map(
      datums === undefined
        ? []
        : asArray(datums).map((item) => {
            const bytes = raw.subarray(item.start, item.end);
            return [hash32(bytes), bytesToHex(bytes)];
          }),
    ),
    signers: witnesses.has(0) ? asArray(witnesses.get(0)).map((item) => hexOf(asArray(item)[0], 32)) : [],
    metadata: readMetadata(auxiliary),
    counts: {
      withdrawals: fields.has(5) ? asMap(fields.get(5)).length : 0,
      certificates: fields.has(4) ? asArray(fields.get(4)).length : 0,
    },
  };
}

/** What a transaction takes from the ledger and leaves there, also when a script failed. */
export function effectOf(transaction: Transaction): { spent: OutputReference[]; made: TransactionOutput[] } {
  if (transaction.isValid) return { spent: transaction.inputs, made: transaction.outputs };
  return { spent: transaction.collateralInputs, made: transaction.collateralReturn === null ? [] : [transaction.collateralReturn] };
}

/** Reads hex text into a transaction. Throws `cbor-invalid`. */
export function readTransactionHex(cborHex: string): Transaction {
  if (!/^([0-9a-fA-F]{2})+$/.test(cborHex)) throw new NunetError('cbor-invalid', 'Cannot read transaction: want hex text');
  return readTransaction(hexToBytes(cborHex));
}
