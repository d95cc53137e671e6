// What a web page may ask, parsed to a closed type: the methods of CIP-30, 95, 103 and 142, each argument bounded.
import { z } from 'zod';
import { transactionHex } from '../wallet/messages.ts';
import { invalid } from './faults.ts';

/** CIP numbers that may be asked for in `enable`. */
export const EXTENSIONS: readonly number[] = [95, 103, 142];
const MAX_TRANSACTIONS = 20;
/** A login message is some hundred bytes; more is not read by a person. */
export const MAX_PAYLOAD_BYTES = 4_096;

/** Hex in either case, as dApps write it; lower case from here on. */
const hexOf = (schema: z.ZodString) =>
  z
    .string()
    .max(40_000)
    .transform((text) => text.toLowerCase())
    .pipe(schema);
const transaction = hexOf(transactionHex);
const paginate = z.object({ page: z.int().min(0), limit: z.int().min(1) });
/** Bech32 or hex (CIP-30 "Address"); read later, to tell its kinds apart. */
const address = z.string().min(1).max(200);
const payload = hexOf(z.string().regex(new RegExp(`^([0-9a-f]{2}){0,${MAX_PAYLOAD_BYTES}}$`)));
const cbor = hexOf(z.string().regex(/^([0-9a-f]{2}){1,20000}$/));
const toSign = z.object({ cbor: transaction, partialSign: z.boolean().nullish() });
const decimal = z.union([z.string().regex(/^[0-9]{1,20}$/), z.int().min(0).transform(String)]);

const bulk = <Prefix extends '' | 'cip103.'>(prefix: Prefix) =>
  [
    z.tuple([z.literal<`${Prefix}signTxs`>(`${prefix}signTxs`), z.array(toSign).min(1).max(MAX_TRANSACTIONS)]),
    z.tuple([z.literal<`${Prefix}submitTxs`>(`${prefix}submitTxs`), z.array(transaction).min(1).max(MAX_TRANSACTIONS)]),
  ] as const;
const bare = <Name extends string>(name: Name) => z.tuple([z.literal(name)]);

/** `[method, ...arguments]`, nulls at the end cut off. An argument too many is refused, as CIP-95 wants it. */
const call = z.union([
  z.tuple([
    z.literal('enable'),
    z
      .object({
        extensions: z
          .array(z.object({ cip: z.int() }))
          .max(50)
          .nullish(),
      })
      .optional(),
  ]),
  bare('isEnabled'),
  bare('getExtensions'),
  bare('getNetworkId'),
  z.tuple([z.literal('getUtxos'), cbor.nullish(), paginate.nullish()]),
  // The amount is CBOR by its type and a number by its text (CIP-30), and left out by many.
  z.tuple([z.literal('getCollateral'), z.object({ amount: z.union([decimal, cbor]).nullish() }).optional()]),
  bare('getBalance'),
  z.tuple([z.literal('getUsedAddresses'), paginate.nullish()]),
  bare('getUnusedAddresses'),
  bare('getChangeAddress'),
  bare('getRewardAddresses'),
  z.tuple([z.literal('signTx'), transaction, z.boolean().nullish()]),
  z.tuple([z.literal('signData'), address, payload]),
  z.tuple([z.literal('submitTx'), transaction]),
  bare('cip95.getPubDRepKey'),
  bare('cip95.getRegisteredPubStakeKeys'),
  bare('cip95.getUnregisteredPubStakeKeys'),
  z.tuple([z.literal('cip95.signData'), address, payload]),
  ...bulk(''),
  ...bulk('cip103.'),
  bare('cip142.getNetworkMagic'),
]);
export type Call = z.infer<typeof call>;

/** Reads one call. Throws an APIError InvalidRequest. */
export function readCall(text: string): Call {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw invalid('Not a call');
  }
  if (!Array.isArray(json) || typeof json[0] !== 'string') throw invalid('Not a call');
  const parts = json as unknown[];
  while (parts.length > 1 && parts.at(-1) === null) parts.pop();
  const parsed = call.safeParse(parts);
  if (!parsed.success) throw invalid(`Arguments of ${parts[0] as string} do not conform to the specification`.slice(0, 120));
  return parsed.data;
}
