// What only a devnet has, under /devnet: the faucet, its facts, trouble on purpose, and the data of its page.
import { bytesToHex } from '@noble/hashes/utils.js';
import { Hono, type Context } from 'hono';
import { cors } from 'hono/cors';
import { z } from 'zod';
import { NunetError } from '@nunet/shared/errors.ts';
import { cardanoAddress, hex32 } from '@nunet/shared/fields.ts';
import type { Transaction } from '../chain/transaction.ts';
import { failure, limited } from './blockfrost-api.ts';
import { metadataJson, redeemerScript, transactionUtxosJson } from './blockfrost-json.ts';
import { payFromFaucet, testNtx } from './faucet.ts';
import type { Block, Ledger } from './ledger.ts';
import { MAX_NETWORK_FACTS_BYTES, networkFacts, type NetworkFacts } from './network-facts.ts';
import type { Outage } from './outage.ts';
import type { PaymentKey } from './payment.ts';

const MAX_BODY = 8 * 1024;
const MAX_FAUCET_LOVELACE = 1_000_000_000_000n;
const MAX_FAUCET_NTX = 1_000_000_000_000_000n;
/** A year of slots a call. */
const MAX_ADVANCE_SLOTS = 31_536_000;

const quantity = z
  .union([z.int().min(0), z.string().regex(/^\d{1,18}$/, 'must be a whole number of base units')])
  .transform((value) => BigInt(value));
const count = (max: number) => z.int().min(1).max(max);

const faucetBody = z.strictObject({
  address: cardanoAddress,
  lovelace: quantity.refine((value) => value <= MAX_FAUCET_LOVELACE, `must be at most ${MAX_FAUCET_LOVELACE}`).default(10_000_000n),
  ntxBaseUnits: quantity.refine((value) => value <= MAX_FAUCET_NTX, `must be at most ${MAX_FAUCET_NTX}`).default(0n),
  outputs: count(40).default(1),
});
const advanceBody = z.strictObject({
  slots: z.int().min(0).max(MAX_ADVANCE_SLOTS).default(0),
  blocks: z.int().min(0).max(1_000).default(1),
});
const oneOrNext = { txId: hex32.optional(), next: count(1_000).optional() };
const exactlyOne = (body: { txId?: string | undefined; next?: number | undefined }): boolean =>
  (body.txId === undefined) !== (body.next === undefined);
const dropBody = z.strictObject(oneOrNext).refine(exactlyOne, 'give either txId or next');
const delayBody = z.strictObject({ ...oneOrNext, blocks: count(10_000) }).refine(exactlyOne, 'give either txId or next');
const rollbackBody = z.strictObject({ blocks: count(1_000), transactions: z.enum(['return', 'vanish']).default('return') });
const outageBody = z.strictObject({
  requests: count(100_000),
  kind: z.enum(['unavailable', 'html', 'truncated', 'limited', 'silent']),
  /** Only paths that start so, such as "/tx/submit". */
  path: z.string().max(100).startsWith('/').default('/'),
});
const pauseBody = z.strictObject({ paused: z.boolean() });

/** The JSON body, parsed. The content type is demanded so that a foreign web page needs a preflight, which it is not given. */
async function bodyOf<Schema extends z.ZodType>(context: Context, schema: Schema): Promise<z.infer<Schema>> {
  if (!(context.req.header('content-type') ?? '').startsWith('application/json')) {
    throw new NunetError('body-invalid', 'Cannot read the body: want content-type application/json');
  }
  return schema.parse(JSON.parse(await context.req.text()));
}

/** Pages of a browser extension; it has no address of its own on this machine, so it needs to be let in by name. No web page has such an origin. */
const EXTENSION_ORIGIN = /^(?:chrome|moz)-extension:\/\/[0-9a-z-]{1,64}$/;
const forExtensions = (method: 'GET' | 'POST') =>
  cors({
    origin: (origin) => (EXTENSION_ORIGIN.test(origin) ? origin : null),
    allowMethods: [method],
    allowHeaders: ['content-type'],
  });

const blockSummary = (ledger: Ledger, block: Block) => ({
  height: block.height,
  slot: block.slot,
  hash: block.hash,
  timeMs: ledger.blockTimeMs(block),
  sizeBytes: block.sizeBytes,
  transactions: block.txIds.flatMap((id) => {
    const found = ledger.transaction(id);
    return found === undefined ? [] : [transactionSummary(found.transaction)];
  }),
});

const transactionSummary = (transaction: Transaction) => ({
  id: transaction.id,
  fee: String(transaction.fee),
  sizeBytes: transaction.raw.length,
  inputs: transaction.inputs.length,
  outputs: transaction.outputs.length,
  redeemers: transaction.redeemers.length,
  lovelace: String(transaction.outputs.reduce((sum, output) => sum + output.lovelace, 0n)),
});

function transactionDetail(ledger: Ledger, transaction: Transaction, block: Block | null) {
  return {
    ...transactionSummary(transaction),
    block: block === null ? null : { height: block.height, hash: block.hash, slot: block.slot, timeMs: ledger.blockTimeMs(block) },
    confirmations: block === null ? null : ledger.tip.height - block.height,
    validFrom: transaction.validFrom,
    validUntil: transaction.validUntil,
    valid: transaction.isValid,
    ...transactionUtxosJson(ledger, transaction),
    mint: transaction.mint.map((asset) => ({ ...asset, quantity: String(asset.quantity) })),
    requiredSigners: transaction.requiredSigners,
    redeemers: transaction.redeemers.map((redeemer) => ({
      tag: redeemer.tag,
      index: redeemer.index,
      memory: String(redeemer.memory),
      steps: String(redeemer.steps),
      data: redeemer.data,
      script: redeemerScript(ledger, transaction, redeemer),
    })),
    scripts: transaction.scripts.map(({ hash, language, bytes }) => ({ hash, language, bytes: bytes.length })),
    referenceScripts: transaction.outputs.flatMap(({ reference, referenceScript }) =>
      referenceScript === undefined
        ? []
        : [
            {
              output: reference.index,
              hash: referenceScript.hash,
              language: referenceScript.language,
              bytes: referenceScript.bytes.length,
            },
          ],
    ),
    metadata: transaction.metadata.map(([label, item]) => ({ label: String(label), value: metadataJson(item) })),
    cbor: bytesToHex(transaction.raw),
  };
}

export interface ControlParts {
  ledger: Ledger;
  faucet: PaymentKey;
  outage: Outage;
  blockTimeMs: number;
  setPaused: (paused: boolean) => void;
}

export function controlsApi({ ledger, faucet, outage, blockTimeMs, setPaused }: ControlParts): Hono {
  const app = new Hono();

  app.onError((error, context) => {
    if (error instanceof z.ZodError)
      return failure(
        context,
        400,
        error.issues
          .map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`)
          .join('; ')
          .slice(0, 1000),
      );
    if (error instanceof NunetError) return failure(context, 400, error.message);
    if (error instanceof SyntaxError) return failure(context, 400, 'The body is not JSON.');
    console.error(error);
    return failure(context, 500, 'The devnet failed; see its log.');
  });

  // The two things that the extension needs of a devnet; the rest stays closed to every origin but the devnet's own.
  app.use('/network', forExtensions('GET'));
  app.use('/faucet', forExtensions('POST'));

  let facts: NetworkFacts | null = null;
  app.put('/network', limited(MAX_NETWORK_FACTS_BYTES), async (context) => {
    facts = await bodyOf(context, networkFacts);
    return context.json({ kept: true });
  });
  app.get('/network', (context) =>
    facts === null ? failure(context, 404, 'No network runs on this devnet yet: nobody has put its record here.') : context.json(facts),
  );

  app.use(limited(MAX_BODY));

  const tip = () => ({ height: ledger.tip.height, slot: ledger.tip.slot, hash: ledger.tip.hash, timeMs: ledger.blockTimeMs(ledger.tip) });

  app.get('/info', (context) =>
    context.json({
      network: 'devnet',
      networkMagic: ledger.networkMagic,
      asset: { ...testNtx(faucet), decimals: 6, ticker: 'tNTX' },
      slotConfig: ledger.slotConfig,
      blockTimeMs,
      tip: tip(),
    }),
  );
  app.post('/faucet', async (context) => {
    const request = await bodyOf(context, faucetBody);
    return context.json({ txId: payFromFaucet(ledger, faucet, request), asset: testNtx(faucet) });
  });
  app.post('/advance', async (context) => {
    ledger.advance(await bodyOf(context, advanceBody));
    return context.json(tip());
  });
  app.post('/drop', async (context) => {
    const { txId, next } = await bodyOf(context, dropBody);
    if (next !== undefined) ledger.dropNext(next);
    return context.json({ found: txId === undefined ? false : ledger.drop(txId) });
  });
  app.post('/delay', async (context) => {
    const { txId, next, blocks } = await bodyOf(context, delayBody);
    if (txId !== undefined) ledger.delay(txId, blocks);
    if (next !== undefined) ledger.delayNext(next, blocks);
    return context.json({ blocks });
  });
  app.post('/rollback', async (context) => {
    const { blocks, transactions } = await bodyOf(context, rollbackBody);
    ledger.rollback(blocks, transactions);
    return context.json(tip());
  });
  app.post('/outage', async (context) => {
    const body = await bodyOf(context, outageBody);
    outage.begin(body);
    return context.json(body);
  });
  app.post('/pause', async (context) => {
    const { paused } = await bodyOf(context, pauseBody);
    setPaused(paused);
    return context.json({ paused });
  });

  app.get('/dropped', (context) => context.json(ledger.dropped));
  app.get('/recent', (context) => {
    const blocks: ReturnType<typeof blockSummary>[] = [];
    for (let height = ledger.tip.height; height >= 0 && blocks.length < 30; height--) {
      const block = ledger.block(height);
      if (block !== undefined) blocks.push(blockSummary(ledger, block));
    }
    const transactions = ledger
      .recent(50)
      .map(({ transaction, block }) => ({ ...transactionSummary(transaction), height: block.height, timeMs: ledger.blockTimeMs(block) }));
    return context.json({
      networkMagic: ledger.networkMagic,
      asset: testNtx(faucet),
      blockTimeMs,
      tip: tip(),
      blocks,
      transactions,
      pending: ledger.pending.slice(0, 50).map(transactionSummary),
      dropped: ledger.dropped.slice(0, 20),
    });
  });
  app.get('/transactions/:id', (context) => {
    const id = hex32.parse(context.req.param('id'));
    const confirmed = ledger.transaction(id);
    if (confirmed !== undefined) return context.json(transactionDetail(ledger, confirmed.transaction, confirmed.block));
    const pending = ledger.pending.find((transaction) => transaction.id === id);
    return pending === undefined
      ? failure(context, 404, `No transaction ${id}: neither in a block nor waiting.`)
      : context.json(transactionDetail(ledger, pending, null));
  });
  return app;
}
