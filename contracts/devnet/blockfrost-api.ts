// The Blockfrost-compatible face of the devnet: the routes that Mesh's provider and our own chain source ask for.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { bech32 } from '@scure/base';
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText } from '@nunet/shared/fields.ts';
import { addressBytes, isOfScript } from '../chain/address.ts';
import { cborArray, cborBytes, cborInt, cborTag } from '../chain/cbor.ts';
import type { RedeemerBudget } from '../chain/chain.ts';
import { readTransaction, readTransactionHex, type Transaction, type TransactionOutput } from '../chain/transaction.ts';
import * as json from './blockfrost-json.ts';
import type { Rejection } from './emulator.ts';
import type { Evaluator } from './evaluator.ts';
import type { Ledger } from './ledger.ts';
import { encodeOutput } from './payment.ts';

/** Four times the largest transaction: room for hex and for saying why it is too large. */
const MAX_TRANSACTION_BODY = 64 * 1024;
const MAX_EVALUATE_BODY = 1024 * 1024;
const MAX_ADDITIONAL_UTXOS = 500;

const ERRORS = {
  400: 'Bad Request',
  404: 'Not Found',
  413: 'Payload Too Large',
  425: 'Mempool Full',
  500: 'Internal Server Error',
} as const;

export const failure = (context: Context, status: keyof typeof ERRORS, message: string) =>
  context.json({ status_code: status, error: ERRORS[status], message }, status);

const notFound = (context: Context) => failure(context, 404, 'The requested component has not been found.');

export const limited = (maxSize: number) =>
  bodyLimit({ maxSize, onError: (context) => failure(context, 413, `The body is larger than ${maxSize} bytes.`) });

const paging = z.object({
  page: z.coerce.number().int().min(1).max(21_474_836).default(1),
  count: z.coerce.number().int().min(1).max(100).default(100),
  order: z.enum(['asc', 'desc']).default('asc'),
});

/** One page of `rows`, as the query of the request asks. */
function paged<Row>(context: Context, rows: Row[]): Row[] {
  const { page, count, order } = paging.parse(context.req.query());
  return (order === 'asc' ? rows : rows.toReversed()).slice((page - 1) * count, page * count);
}

const hash = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`));
const txHash = (context: Context): string => hash(32).parse(context.req.param('hash'));

function knownAddress(context: Context): string {
  const address = context.req.param('address') ?? '';
  addressBytes(address);
  return address;
}

/** The addresses that a path names: one, or all that a script in bech32 (script1...) pays from, as the service lists them. */
function namedAddresses(context: Context, ledger: Ledger): string[] {
  const name = context.req.param('address') ?? '';
  if (!name.startsWith('script1')) return [knownAddress(context)].filter((address) => ledger.utxos.knows(address));
  const scriptHash = bytesToHex(bech32.fromWords(bech32.decode(name as `${string}1${string}`).words));
  return ledger.utxos.addresses((address) => address.startsWith('addr') && isOfScript(address, scriptHash));
}

const rejectionText = ({ rule, reason, logs }: Rejection): string =>
  `transaction submit error ${rule}: ${reason}${logs.length === 0 ? '' : ` | script logs: ${logs.join(' | ').slice(0, 2000)}`}`;

const OGMIOS = { type: 'jsonwsp/response', version: '1.0', servicename: 'ogmios', methodname: 'EvaluateTx' } as const;

const budgetsJson = (budgets: RedeemerBudget[]) =>
  Object.fromEntries(budgets.map(({ tag, index, memory, steps }) => [`${tag}:${index}`, { memory: Number(memory), steps: Number(steps) }]));

type Plain = Pick<TransactionOutput, 'reference' | 'raw'>;

/** Budgets over the tip, the mempool and `extra`, outputs that only the caller knows. */
async function evaluated(ledger: Ledger, evaluator: Evaluator, transaction: Transaction, extra: Plain[]) {
  const failed = (EvaluationFailure: unknown) => ({ ...OGMIOS, result: { EvaluationFailure } });
  const { resolved, missing } = ledger.resolve(transaction);
  const known = new Map(extra.map((output) => [referenceText(output.reference), output]));
  const found = missing.flatMap((reference) => known.get(referenceText(reference)) ?? []);
  if (found.length < missing.length) {
    const unknown = missing.map(referenceText).filter((text) => !known.has(text));
    return failed({ CannotCreateEvaluationContext: { reason: `Unknown or spent transaction inputs: ${unknown.join(', ')}` } });
  }
  const result = await evaluator.evaluate(transaction, [...resolved, ...found], ledger.slotConfig);
  if ('budgets' in result) return { ...OGMIOS, result: { EvaluationResult: budgetsJson(result.budgets) } };
  const { reason, logs } = result.rejection;
  return failed({ ScriptFailures: { 'spend:0': [{ validatorFailed: { error: reason, traces: logs } }] } });
}

const quantity = z.union([z.int().min(0), z.string().regex(/^\d{1,20}$/)]).transform((value) => BigInt(value));

/** Ogmios 5's `[TxIn, TxOut]`, with tokens under `assets` ("policy.name") or, as Mesh sends them, one key a policy. */
const additionalUtxo = z.tuple([
  z.object({ txId: hash(32), index: z.int().min(0).max(65_535) }),
  z.object({
    address: z.string().max(150),
    value: z
      .object({ coins: quantity, assets: z.record(z.string().regex(/^[0-9a-f]{56}(\.[0-9a-f]{0,64})?$/), quantity).optional() })
      .catchall(z.record(z.string().regex(/^([0-9a-f]{2}){0,32}$/), quantity)),
    datumHash: hash(32).nullish(),
    datum: z.string().max(65_536).nullish(),
  }),
]);

const evaluateBody = z.object({
  cbor: z.string().max(MAX_TRANSACTION_BODY * 2),
  additionalUtxoSet: z.array(additionalUtxo).max(MAX_ADDITIONAL_UTXOS).default([]),
});

function encodeAdditional([{ txId, index }, { address, value, datum }]: z.infer<typeof additionalUtxo>): Pick<
  TransactionOutput,
  'reference' | 'raw'
> {
  const { coins, assets = {}, ...policies } = value;
  const listed = Object.entries(assets).map(([unit, amount]) => {
    const [policyId = '', assetName = ''] = unit.split('.');
    return { policyId, assetName, quantity: amount };
  });
  const nested = Object.entries(policies).flatMap(([policyId, names]) =>
    Object.entries(names).map(([assetName, amount]) => ({ policyId, assetName, quantity: amount })),
  );
  const plain = { address, lovelace: coins, assets: [...listed, ...nested] };
  if (datum === undefined || datum === null) return { reference: { txId, index }, raw: encodeOutput(plain) };
  const encodedDatum = cborArray([cborInt(1), cborTag(24, cborBytes(hexToBytes(datum)))]);
  return { reference: { txId, index }, raw: encodeOutput(plain, encodedDatum) };
}

/** Raw bytes, or hex text as Blockfrost's evaluate takes it. */
async function transactionFrom(context: Context): Promise<Transaction> {
  const bytes = new Uint8Array(await context.req.arrayBuffer());
  const text = new TextDecoder('latin1').decode(bytes).trim().replace(/^"|"$/g, '');
  return /^([0-9a-fA-F]{2})+$/.test(text) ? readTransactionHex(text) : readTransaction(bytes);
}

export function blockfrostApi(ledger: Ledger, evaluator: Evaluator): Hono {
  const app = new Hono();

  app.onError((error, context) => {
    if (error instanceof z.ZodError)
      return failure(
        context,
        400,
        error.issues
          .map((issue) => `${issue.path.join('.')}: ${issue.message}`)
          .join('; ')
          .slice(0, 1000),
      );
    if (error instanceof NunetError && (error.code === 'cbor-invalid' || error.code === 'address-invalid'))
      return failure(context, 400, error.message);
    if (error instanceof SyntaxError) return failure(context, 400, 'The body is not JSON.');
    console.error(error);
    return failure(context, 500, 'The devnet failed; see its log.');
  });

  app.get('/health', (context) => context.json({ is_healthy: true }));
  app.get('/genesis', (context) => context.json(json.genesisJson(ledger)));

  app.get('/epochs/latest', (context) => context.json({ epoch: json.epochOf(ledger.tip.slot) }));
  app.get('/epochs/latest/parameters', (context) => context.json(json.parametersJson(json.epochOf(ledger.tip.slot))));
  app.get('/epochs/:epoch{[0-9]{1,9}}/parameters', (context) =>
    Number(context.req.param('epoch')) > json.epochOf(ledger.tip.slot)
      ? notFound(context)
      : context.json(json.parametersJson(Number(context.req.param('epoch')))),
  );

  const blockOf = (context: Context) => {
    const name = context.req.param('block') ?? 'latest';
    return name === 'latest' ? ledger.tip : ledger.block(/^\d{1,9}$/.test(name) ? Number(name) : name);
  };
  app.get('/blocks/:block', (context) => {
    const block = blockOf(context);
    return block === undefined ? notFound(context) : context.json(json.blockJson(ledger, block));
  });
  app.get('/blocks/:block/txs', (context) => {
    const block = blockOf(context);
    return block === undefined ? notFound(context) : context.json(paged(context, block.txIds));
  });

  // A pending transaction is unknown here until a block holds it, as on the real service; /mempool shows it.
  app.get('/txs/:hash', (context) => {
    const found = ledger.transaction(txHash(context));
    return found === undefined ? notFound(context) : context.json(json.transactionJson(ledger, found));
  });
  app.get('/txs/:hash/utxos', (context) => {
    const found = ledger.transaction(txHash(context));
    return found === undefined ? notFound(context) : context.json(json.transactionUtxosJson(ledger, found.transaction));
  });
  app.get('/txs/:hash/cbor', (context) => {
    const found = ledger.transaction(txHash(context));
    return found === undefined ? notFound(context) : context.json({ cbor: bytesToHex(found.transaction.raw) });
  });
  app.get('/txs/:hash/redeemers', (context) => {
    const found = ledger.transaction(txHash(context));
    return found === undefined ? notFound(context) : context.json(json.redeemersJson(ledger, found.transaction));
  });
  app.get('/txs/:hash/metadata', (context) => {
    const found = ledger.transaction(txHash(context));
    if (found === undefined) return notFound(context);
    return context.json(
      found.transaction.metadata.map(([label, item]) => ({ label: String(label), json_metadata: json.metadataJson(item) })),
    );
  });
  app.get('/mempool', (context) =>
    context.json(
      paged(
        context,
        ledger.pending.map(({ id }) => ({ tx_hash: id })),
      ),
    ),
  );
  app.get('/mempool/:hash', (context) => {
    const id = txHash(context);
    const pending = ledger.pending.find((transaction) => transaction.id === id);
    if (pending === undefined) return notFound(context);
    return context.json({
      tx: { hash: id, fees: String(pending.fee), size: pending.raw.length, output_amount: json.sumJson(pending.outputs) },
    });
  });

  app.get('/addresses/:address', (context) => {
    const address = knownAddress(context);
    if (!ledger.utxos.knows(address)) return notFound(context);
    return context.json({
      address,
      amount: json.sumJson([{ lovelace: 0n, assets: [] }, ...ledger.utxos.at(address)]),
      stake_address: null,
      type: 'shelley',
      script: false,
    });
  });
  app.get('/addresses/:address/utxos/:unit?', (context) => {
    const addresses = namedAddresses(context, ledger);
    const unit = context.req.param('unit');
    // The real service says 404 to an address that it has never seen and an empty page to one that is empty.
    if (addresses.length === 0) return notFound(context);
    const outputs = addresses
      .flatMap((address) => ledger.utxos.at(address))
      .filter((output) => unit === undefined || json.amountJson(output).some((amount) => amount.unit === unit));
    return context.json(
      paged(context, outputs).map((output) => json.addressUtxoJson(output, ledger.transaction(output.reference.txId)?.block)),
    );
  });
  app.get('/addresses/:address/transactions', (context) => {
    const address = knownAddress(context);
    if (!ledger.utxos.knows(address)) return notFound(context);
    const rows = ledger.utxos.transactionsAt(address).flatMap((id) => {
      const found = ledger.transaction(id);
      return found === undefined
        ? []
        : [
            {
              tx_hash: id,
              tx_index: found.indexInBlock,
              block_height: found.block.height,
              block_time: Math.floor(ledger.blockTimeMs(found.block) / 1000),
            },
          ];
    });
    return context.json(paged(context, rows));
  });

  const scriptOf = (context: Context) => ledger.utxos.script(hash(28).parse(context.req.param('script')));
  app.get('/scripts/:script', (context) => {
    const script = scriptOf(context);
    return script === undefined ? notFound(context) : context.json(json.scriptJson(script));
  });
  app.get('/scripts/:script/cbor', (context) => {
    const script = scriptOf(context);
    return script === undefined
      ? notFound(context)
      : context.json({ cbor: script.language === 'native' ? null : json.scriptCborHex(script) });
  });
  app.get('/scripts/:script/json', (context) => {
    const script = scriptOf(context);
    return script === undefined
      ? notFound(context)
      : context.json({ json: script.language === 'native' ? json.readNativeScript(script) : null });
  });
  app.get('/scripts/datum/:datum/cbor', (context) => {
    const datum = ledger.utxos.datum(hash(32).parse(context.req.param('datum')));
    return datum === undefined ? notFound(context) : context.json({ cbor: datum });
  });

  app.post('/tx/submit', limited(MAX_TRANSACTION_BODY), async (context) => {
    const outcome = ledger.submit(await transactionFrom(context));
    if ('txId' in outcome) return context.json(outcome.txId);
    return failure(context, outcome.rejection.rule === 'MempoolFull' ? 425 : 400, rejectionText(outcome.rejection));
  });
  app.post('/utils/txs/evaluate', limited(MAX_TRANSACTION_BODY), async (context) =>
    context.json(await evaluated(ledger, evaluator, await transactionFrom(context), [])),
  );
  app.post('/utils/txs/evaluate/utxos', limited(MAX_EVALUATE_BODY), async (context) => {
    const { cbor, additionalUtxoSet } = evaluateBody.parse(JSON.parse(await context.req.text()));
    return context.json(await evaluated(ledger, evaluator, readTransactionHex(cbor), additionalUtxoSet.map(encodeAdditional)));
  });

  return app;
}
