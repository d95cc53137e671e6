// A network record as text that people edit: JSON, with amounts in base units as decimal strings.
import { NunetError } from '@nunet/shared/errors.ts';
import { networkRecord, type NetworkRecord } from '@nunet/shared/network-record.ts';

const DIGITS = /^\d{1,19}$/;

export const recordText = (record: NetworkRecord): string =>
  JSON.stringify(record, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value), 2);

/** What a file gives of a record; the rest comes from the record before, or is decided when the draft is made. */
export type RecordFields = Readonly<Record<string, unknown>>;

/** Throws `record-invalid` when it is no JSON object. */
export function readRecordText(text: string): RecordFields {
  let value: unknown;
  try {
    value = JSON.parse(text, (key, item: unknown) =>
      (key === 'upTo' || key === 'settleLovelace') && typeof item === 'string' && DIGITS.test(item) ? BigInt(item) : item,
    );
  } catch (cause) {
    throw new NunetError('record-invalid', `Cannot read the record's text: it is not JSON (${(cause as Error).message.slice(0, 200)})`, {
      cause,
    });
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new NunetError('record-invalid', "Cannot read the record's text: want one JSON object");
  return value as RecordFields;
}

/** Throws `record-invalid` with the first field that is wrong. */
export function recordFrom(fields: RecordFields): NetworkRecord {
  const parsed = networkRecord.safeParse(fields);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new NunetError(
    'record-invalid',
    `Cannot make the record: ${issue?.path.map(String).join('.') ?? ''}: ${issue?.message ?? 'not valid'}`,
  );
}
