// The escrow datum between its fields and the Plutus data on chain. Order and shape are frozen (DESIGN section 5).
import { NunetError } from '@nunet/shared/errors.ts';
import { escrowDatum, type EscrowDatum } from '@nunet/shared/lock.ts';
import { addressData } from './address-data.ts';
import { addressOf, type Credential } from './address.ts';
import { constructor, decodePlutusData, encodePlutusData, type PlutusData } from './plutus-data.ts';

const invalid = (why: string, cause?: unknown): NunetError =>
  new NunetError('datum-invalid', `Cannot read escrow datum: ${why}`, { cause });

// --- to Plutus data ---

export const datumData = (datum: EscrowDatum): PlutusData =>
  constructor(
    0,
    addressData(datum.serviceProvider),
    addressData(datum.computeProvider),
    datum.voucherKey,
    datum.closeKey,
    datum.oracleKeys,
    BigInt(datum.k),
    constructor(0, datum.asset.policyId, datum.asset.assetName),
    BigInt(datum.reclaimAfter),
    datum.settleLovelace,
    datum.quoteHash,
  );

/** CBOR hex of the inline datum. */
export const encodeDatum = (datum: EscrowDatum): string => encodePlutusData(datumData(datum));

// --- from Plutus data ---

function fieldsOf(
  data: PlutusData | undefined,
  what: string,
  constructors: number[],
  count: number,
): { index: number; fields: PlutusData[] } {
  if (typeof data !== 'object' || Array.isArray(data)) throw invalid(`${what} is no constructor`);
  if (!constructors.includes(data.index) || data.fields.length !== count) {
    throw invalid(
      `${what} is constructor ${data.index} with ${data.fields.length} fields, want ${constructors.join(' or ')} with ${count}`,
    );
  }
  return { index: data.index, fields: data.fields };
}

function text(data: PlutusData | undefined, what: string): string {
  if (typeof data !== 'string') throw invalid(`${what} is not bytes`);
  return data;
}

function integer(data: PlutusData | undefined, what: string): bigint {
  if (typeof data !== 'bigint') throw invalid(`${what} is no integer`);
  return data;
}

function credentialFrom(data: PlutusData | undefined, what: string): Credential {
  const { index, fields } = fieldsOf(data, what, [0, 1], 1);
  const hash = text(fields[0], what);
  if (hash.length !== 56) throw invalid(`${what} is ${hash.length / 2} bytes, want 28`);
  return { kind: index === 0 ? 'key' : 'script', hash };
}

function addressFrom(data: PlutusData | undefined, what: string): string {
  const { fields } = fieldsOf(data, what, [0], 2);
  const payment = credentialFrom(fields[0], `${what}'s payment credential`);
  const none = fields[1];
  if (typeof none === 'object' && !Array.isArray(none) && none.index === 1 && none.fields.length === 0) return addressOf({ payment });
  const some = fieldsOf(none, `${what}'s stake credential`, [0], 1).fields[0];
  // Constructor 1 would be a pointer address, which nobody uses and later ledgers refuse.
  const inline = fieldsOf(some, `${what}'s stake credential`, [0], 1).fields[0];
  return addressOf({ payment, stake: credentialFrom(inline, `${what}'s stake credential`) });
}

/** The datum behind CBOR hex from anybody. Throws `datum-invalid` (what is wrong with it) and nothing else. */
export function decodeDatum(hex: string): EscrowDatum {
  let data: PlutusData;
  try {
    data = decodePlutusData(hex);
  } catch (cause) {
    throw invalid(cause instanceof NunetError ? cause.message : 'not Plutus data', cause);
  }
  const { fields } = fieldsOf(data, 'it', [0], 10);
  const asset = fieldsOf(fields[6], 'asset', [0], 2).fields;
  const oracleKeys = fields[4];
  if (!Array.isArray(oracleKeys)) throw invalid('oracleKeys is no list');
  const parsed = escrowDatum.safeParse({
    serviceProvider: addressFrom(fields[0], 'serviceProvider'),
    computeProvider: addressFrom(fields[1], 'computeProvider'),
    voucherKey: text(fields[2], 'voucherKey'),
    closeKey: text(fields[3], 'closeKey'),
    oracleKeys: oracleKeys.map((key) => text(key, 'an oracle key')),
    k: Number(integer(fields[5], 'k')),
    asset: { policyId: text(asset[0], "asset's policy"), assetName: text(asset[1], "asset's name") },
    reclaimAfter: Number(integer(fields[7], 'reclaimAfter')),
    settleLovelace: integer(fields[8], 'settleLovelace'),
    quoteHash: text(fields[9], 'quoteHash'),
  });
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw invalid(`${issue?.path.join('.') ?? 'it'}: ${issue?.message ?? 'not a datum'}`, parsed.error);
}
