// The Koios-compatible face of the devnet: the routes that our own chain source asks for, over the same ledger as the Blockfrost one.
import { Hono, type Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { z } from 'zod';
import { NunetError } from '@nunet/shared/errors.ts';
import { hex28, hex32, type OutputReference } from '@nunet/shared/fields.ts';
import { addressBytes, isOfScript } from '../chain/address.ts';
import type { RedeemerTag } from '../chain/chain.ts';
import { readTransaction, readTransactionHex, type Transaction } from '../chain/transaction.ts';
import { epochOf } from './blockfrost-json.ts';
import type { Evaluator } from './evaluator.ts';
import { cborRow, genesisRow, parametersRow, tipRow, transactionRow, utxoRow, type Row } from './koios-json.ts';
import type { Ledger } from './ledger.ts';

const MAX_TRANSACTION_BODY = 64 * 1024;
/** What the public service takes of a registered account; its submit and Ogmios routes take a transaction. */
const MAX_QUERY_BODY = 5 * 1024;
/** Rows an answer, as PostgREST is set there. */
const MAX_ROWS = 1_000;

/** PostgREST's shape of an error. */
const failure = (context: Context, status: 400 | 404 | 413 | 500, code: string, message: string) =>
  context.json({ code, details: null, hint: null, message }, status);

const limited = (maxSize: number) =>
  bodyLimit({ maxSize, onError: (context) => failure(context, 413, '413', `The payload is larger than ${maxSize} bytes.`) });

const column = /^[a-z_]{1,40}$/;
const paging = z.object({
  offset: z.coerce.number().int().min(0).default(0),
  limit: z.coerce.number().int().min(0).default(MAX_ROWS),
  order: z
    .string()
    .transform((text) => text.split(',').map((part) => part.split('.')))
    .pipe(z.array(z.tuple([z.string().regex(column)], z.enum(['asc', 'desc']))))
    .optional(),
  select: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.string().regex(column)))
    .optional(),
});

const compare = (a: unknown, b: unknown): number =>
  typeof a === 'number' && typeof b === 'number' ? a - b : String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0;

/** Order, page and columns, as PostgREST takes them from the query of any route. */
function asked(context: Context, rows: Row[]) {
  const { offset, limit, order = [], select } = paging.parse(context.req.query());
  const sorted = rows.toSorted((a, b) => {
    for (const [name, direction] of order) {
      const way = compare(a[name], b[name]) * (direction === 'desc' ? -1 : 1);
      if (way !== 0) return way;
    }
    return 0;
  });
  const page = sorted.slice(offset, offset + Math.min(limit, MAX_ROWS));
  context.header('content-range', page.length === 0 ? '*/*' : `${offset}-${offset + page.length - 1}/*`);
  return context.json(select === undefined ? page : page.map((row) => Object.fromEntries(select.map((name) => [name, row[name]]))));
}

const credentials = z.object({ _payment_credentials: z.array(hex28).max(100), _extended: z.boolean().default(false) });
const addresses = z.object({ _addresses: z.array(z.string().max(150)).max(100), _extended: z.boolean().default(false) });
const addressTxs = z.object({ _addresses: z.array(z.string().max(150)).max(100), _after_block_height: z.int().min(0).default(0) });
const txHashes = z.object({ _tx_hashes: z.array(hex32).max(100) });
const utxoRefs = z.object({
  _utxo_refs: z
    .array(z.string().regex(/^[0-9a-f]{64}#\d{1,5}$/))
    .max(100)
    .transform((references) =>
      references.map((reference): OutputReference => {
        const [txId = '', index = ''] = reference.split('#');
        return { txId, index: Number(index) };
      }),
    ),
  _extended: z.boolean().default(false),
});
const evaluateCall = z.object({
  jsonrpc: z.literal('2.0'),
  method: z.literal('evaluateTransaction'),
  params: z.object({ transaction: z.object({ cbor: z.string().max(MAX_TRANSACTION_BODY) }) }),
});

const PURPOSES: Record<RedeemerTag, string> = {
  spend: 'spend',
  mint: 'mint',
  certificate: 'publish',
  withdrawal: 'withdraw',
  vote: 'vote',
  propose: 'propose',
};
const RPC = { jsonrpc: '2.0', method: 'evaluateTransaction', id: null } as const;

/** Ogmios v6: the answer, or an error by its number. */
async function evaluated(ledger: Ledger, evaluator: Evaluator, cbor: string) {
  const refused = (code: number, message: string, data: unknown) => ({ ...RPC, error: { code, message, data } });
  let transaction: Transaction;
  try {
    transaction = readTransactionHex(cbor);
  } catch (error) {
    return refused(-32602, 'Invalid transaction; it looks like the given transaction is not well-formed.', String(error));
  }
  const { resolved, missing } = ledger.resolve(transaction);
  if (missing.length > 0) {
    const unknown = missing.map(({ txId, index }) => ({ transaction: { id: txId }, index }));
    return refused(3004, 'Unable to create the evaluation context from the given transaction.', { unknownOutputReferences: unknown });
  }
  const result = await evaluator.evaluate(transaction, resolved, ledger.slotConfig);
  if ('budgets' in result) {
    return {
      ...RPC,
      result: result.budgets.map(({ tag, index, memory, steps }) => ({
        validator: { index, purpose: PURPOSES[tag] },
        budget: { memory: Number(memory), cpu: Number(steps) },
      })),
    };
  }
  const { reason, logs } = result.rejection;
  return refused(3010, 'Some scripts of the transactions terminated with error(s).', [
    { validator: { index: 0, purpose: 'spend' }, error: { code: 3012, message: reason, data: { validationError: reason, traces: logs } } },
  ]);
}

export function koiosApi(ledger: Ledger, evaluator: Evaluator): Hono {
  const app = new Hono();

  app.onError((error, context) => {
    if (error instanceof z.ZodError) return failure(context, 400, '22P02', error.issues[0]?.message ?? 'invalid input');
    if (error instanceof SyntaxError) return failure(context, 400, 'PGRST102', 'Empty or invalid json');
    if (error instanceof NunetError) return failure(context, 400, '22P02', error.message);
    console.error(error);
    return failure(context, 500, 'XX000', 'The devnet failed; see its log.');
  });
  app.notFound((context) => failure(context, 404, 'PGRST202', 'Could not find the function in the schema cache'));

  const bodyOf = async <Schema extends z.ZodType>(context: Context, schema: Schema): Promise<z.infer<Schema>> =>
    schema.parse(JSON.parse(await context.req.text()));
  const confirmed = (ids: readonly string[]) =>
    ids.flatMap((id) => {
      const found = ledger.transaction(id);
      return found === undefined ? [] : [found];
    });

  app.get('/tip', (context) => asked(context, [tipRow(ledger)]));
  app.get('/genesis', (context) => asked(context, [genesisRow(ledger)]));
  app.get('/epoch_params', (context) => {
    const now = epochOf(ledger.tip.slot);
    const wanted = z.coerce.number().int().min(0).optional().parse(context.req.query('_epoch_no'));
    const epochs = wanted === undefined ? Array.from({ length: now + 1 }, (_, back) => now - back) : wanted <= now ? [wanted] : [];
    return asked(
      context,
      epochs.map((epoch) => parametersRow(ledger, epoch)),
    );
  });

  app.post('/address_utxos', limited(MAX_QUERY_BODY), async (context) => {
    const { _addresses, _extended } = await bodyOf(context, addresses);
    const outputs = _addresses.flatMap((address) => ledger.utxos.at(address));
    return asked(
      context,
      outputs.map((output) => utxoRow(ledger, output, false, _extended)),
    );
  });
  app.post('/credential_utxos', limited(MAX_QUERY_BODY), async (context) => {
    const { _payment_credentials, _extended } = await bodyOf(context, credentials);
    const isListed = (address: string): boolean =>
      address.startsWith('addr') && _payment_credentials.some((hash) => isOfScript(address, hash));
    const outputs = ledger.utxos.addresses(isListed).flatMap((address) => ledger.utxos.at(address));
    return asked(
      context,
      outputs.map((output) => utxoRow(ledger, output, false, _extended)),
    );
  });
  app.post('/utxo_info', limited(MAX_QUERY_BODY), async (context) => {
    const { _utxo_refs, _extended } = await bodyOf(context, utxoRefs);
    const found = _utxo_refs.flatMap((reference) => ledger.utxos.find(reference) ?? []);
    return asked(
      context,
      found.map(({ output, spentBy }) => utxoRow(ledger, output, spentBy !== null, _extended)),
    );
  });
  app.post('/address_txs', limited(MAX_QUERY_BODY), async (context) => {
    const { _addresses, _after_block_height } = await bodyOf(context, addressTxs);
    for (const address of _addresses) addressBytes(address);
    const ids = [...new Set(_addresses.flatMap((address) => ledger.utxos.transactionsAt(address)))];
    const rows = confirmed(ids)
      .filter(({ block }) => block.height >= _after_block_height)
      .map((found) => transactionRow(ledger, found))
      .map(({ tx_hash, epoch_no, block_height, tx_timestamp }) => ({ tx_hash, epoch_no, block_height, block_time: tx_timestamp }));
    // Newest first unless it is asked for otherwise.
    return asked(context, rows.toReversed());
  });
  app.post('/tx_info', limited(MAX_QUERY_BODY), async (context) =>
    asked(
      context,
      confirmed((await bodyOf(context, txHashes))._tx_hashes).map((found) => transactionRow(ledger, found)),
    ),
  );
  app.post('/tx_cbor', limited(MAX_QUERY_BODY), async (context) =>
    asked(
      context,
      confirmed((await bodyOf(context, txHashes))._tx_hashes).map((found) => cborRow(ledger, found)),
    ),
  );
  app.post('/tx_status', limited(MAX_QUERY_BODY), async (context) => {
    const { _tx_hashes } = await bodyOf(context, txHashes);
    return asked(
      context,
      _tx_hashes.map((id) => {
        const block = ledger.transaction(id)?.block;
        return { tx_hash: id, num_confirmations: block === undefined ? null : ledger.tip.height - block.height };
      }),
    );
  });

  app.post('/submittx', limited(MAX_TRANSACTION_BODY), async (context) => {
    const bytes = new Uint8Array(await context.req.arrayBuffer());
    let transaction: Transaction;
    try {
      transaction = readTransaction(bytes);
    } catch (error) {
      return context.json({ tag: 'TxSubmitFail', contents: { tag: 'TxCmdTxReadError', contents: [String(error)] } }, 400);
    }
    const outcome = ledger.submit(transaction);
    if ('txId' in outcome) return context.json(outcome.txId, 202);
    const { rule, reason, logs } = outcome.rejection;
    const said = `${rule}: ${reason}${logs.length === 0 ? '' : ` | script logs: ${logs.join(' | ').slice(0, 2000)}`}`;
    return context.json(
      {
        tag: 'TxSubmitFail',
        contents: { tag: 'TxCmdTxSubmitValidationError', contents: { tag: 'TxValidationErrorInCardanoMode', contents: said } },
      },
      400,
    );
  });
  app.post('/ogmios', limited(MAX_TRANSACTION_BODY * 3), async (context) => {
    const { params } = await bodyOf(context, evaluateCall);
    const answer = await evaluated(ledger, evaluator, params.transaction.cbor);
    return context.json(answer, 'error' in answer ? 400 : 200);
  });

  return app;
}
