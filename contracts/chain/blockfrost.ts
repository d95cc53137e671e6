// A Blockfrost-compatible source behind the Chain interface: the public service, one's own Ryo, or the devnet.
import { hexToBytes } from '@noble/hashes/utils.js';
import { bech32 } from '@scure/base';
import { z } from 'zod';
import { NunetError } from '@nunet/shared/errors.ts';
import { hex28, hex32, type Network, type OutputReference } from '@nunet/shared/fields.ts';
import { isOfScript } from './address.ts';
import type {
  AssetQuantity,
  ProtocolParameters,
  RedeemerBudget,
  RedeemerTag,
  SlotConfig,
  Source,
  Tip,
  TransactionStatus,
  Utxo,
} from './chain.ts';
import { timeOf } from './chain.ts';
import { slotConfigOf } from './networks.ts';
import { allPages } from './pages.ts';
import { checked, digits, hexText, parsed, rawTransactions, slot, submitOnce, transactionFrom } from './source-answer.ts';
import { costModelLists, parameterFields, parametersFrom } from './source-parameters.ts';
import { sourceRequests, unavailable, type AskSource, type SourceOptions } from './source-request.ts';
import { readTransactionHex } from './transaction.ts';

const PAGE_SIZE = 100;
/** More outputs at one address are an error, never a shortened wallet. */
const MAX_OUTPUTS = 20_000;
const MAX_PAGES = MAX_OUTPUTS / PAGE_SIZE;

const amounts = z.array(z.object({ unit: z.string().regex(/^(lovelace|[0-9a-f]{56}([0-9a-f]{2}){0,32})$/), quantity: digits })).max(2_000);
const outputFields = {
  address: z.string().max(150),
  amount: amounts,
  output_index: z.int().min(0).max(65_535),
  data_hash: hex32.nullable(),
  inline_datum: hexText.nullable(),
  reference_script_hash: hex28.nullable(),
};
const addressUtxos = z.array(z.object({ ...outputFields, tx_hash: hex32 })).max(PAGE_SIZE);
const addressTransactions = z.array(z.object({ tx_hash: hex32 })).max(PAGE_SIZE);
const transactionUtxos = z.object({
  hash: hex32,
  outputs: z.array(z.object({ output_index: z.int().min(0), consumed_by_tx: hex32.nullable() })).max(2_000),
});
const transactionCbor = z.object({ cbor: hexText });
const transactionInfo = z.object({ hash: hex32, block_height: z.int().min(0), slot });
const latestBlock = z.object({ height: z.int().min(0), slot, hash: hex32 });
const parameters = z.object({ epoch: z.int().min(0), ...parameterFields, cost_models_raw: costModelLists });
const genesis = z.object({ network_magic: z.int().min(0), system_start: z.int().positive(), slot_length: z.number().positive() });
const units = z.object({ memory: z.int().min(0), steps: z.int().min(0) });
const evaluation = z.object({
  result: z.object({
    EvaluationResult: z.record(z.string().regex(/^[a-z]+:\d{1,4}$/), units).optional(),
    EvaluationFailure: z.unknown().optional(),
  }),
});
const problem = z.object({ status_code: z.int(), message: z.string() });

const TAGS: Record<string, RedeemerTag> = {
  spend: 'spend',
  mint: 'mint',
  certificate: 'certificate',
  publish: 'certificate',
  withdrawal: 'withdrawal',
  withdraw: 'withdrawal',
  vote: 'vote',
  propose: 'propose',
};

function value(rows: z.infer<typeof amounts>): { lovelace: bigint; assets: AssetQuantity[] } {
  let coin = 0n;
  const assets: AssetQuantity[] = [];
  for (const { unit, quantity } of rows) {
    if (unit === 'lovelace') coin += BigInt(quantity);
    else assets.push({ policyId: unit.slice(0, 56), assetName: unit.slice(56), quantity: BigInt(quantity) });
  }
  return { lovelace: coin, assets };
}

function utxoOf(row: z.infer<typeof addressUtxos>[number]): Utxo {
  const utxo: Utxo = { reference: { txId: row.tx_hash, index: row.output_index }, address: row.address, ...value(row.amount) };
  if (row.inline_datum !== null) utxo.inlineDatum = row.inline_datum;
  // The service names the hash of an inline datum too; the ledger does not.
  else if (row.data_hash !== null) utxo.datumHash = row.data_hash;
  if (row.reference_script_hash !== null) utxo.referenceScriptHash = row.reference_script_hash;
  return utxo;
}

export interface BlockfrostOptions extends SourceOptions {
  slotConfig: SlotConfig;
}

const ask = (options: SourceOptions): AskSource =>
  sourceRequests(options, {
    headers: options.projectId === undefined ? {} : { project_id: options.projectId },
    // 404 and 425 come with the service's own words for an unknown thing and for a full mempool.
    answers: [200, 400, 404, 425],
    advice: Object.fromEntries([402, 403, 418].map((status) => [status, 'it refuses this project id, or its quota is used up'])),
  });

/** A chain over a Blockfrost-compatible API; `openBlockfrost` also checks the network and finds the slot config. */
export function blockfrostChain(options: BlockfrostOptions): Source {
  const { slotConfig } = options;
  const request = ask(options);

  /** Null only when the source says 404 in its own words. */
  const get = async <Schema extends z.ZodType>(path: string, schema: Schema, signal?: AbortSignal): Promise<z.infer<Schema> | null> => {
    const { status, json } = await request({ path, repeatable: true, signal });
    if (status === 200) return parsed(schema, json, path);
    const { status_code, message } = parsed(problem, json, path);
    if (status === 404 && status_code === 404) return null;
    throw unavailable(`${path} answers with status ${status}: ${message.slice(0, 300)}`);
  };
  const getKnown = async <Schema extends z.ZodType>(path: string, schema: Schema, signal?: AbortSignal): Promise<z.infer<Schema>> => {
    const found = await get(path, schema, signal);
    if (found === null) throw unavailable(`${path} is not known to the source`);
    return found;
  };
  const rawTransaction = rawTransactions(async (txId, signal) => {
    const answer = await get(`txs/${txId}/cbor`, transactionCbor, signal);
    return answer === null ? null : transactionFrom(answer.cbor, txId);
  });

  const tip = async (signal?: AbortSignal): Promise<Tip> => {
    const block = await getKnown('blocks/latest', latestBlock, signal);
    return { slot: block.slot, height: block.height, hash: block.hash, timeMs: timeOf(block.slot, slotConfig) };
  };

  const transaction = async (txId: string, signal?: AbortSignal): Promise<TransactionStatus> => {
    const found = await get(`txs/${checked('transaction id', txId)}`, transactionInfo, signal);
    if (found === null) {
      const pending = await get(`mempool/${txId}`, z.object({}), signal);
      return { state: pending === null ? 'unknown' : 'pending' };
    }
    // Asked for after the transaction, so the tip is never older than its block.
    const { height } = await tip(signal);
    return {
      state: 'confirmed',
      blockHeight: found.block_height,
      slot: found.slot,
      timeMs: timeOf(found.slot, slotConfig),
      confirmations: Math.max(0, height - found.block_height),
    };
  };

  /** Outputs that the source lists under an address or a credential. One at an address that is not `own` makes the list unusable. */
  const outputsUnder = async (name: string, unit: string, own: (address: string) => boolean, signal?: AbortSignal): Promise<Utxo[]> => {
    const rows = await allPages(name, {
      pageSize: PAGE_SIZE,
      maxRows: MAX_OUTPUTS,
      tip: () => tip(signal),
      read: async (page) =>
        (await get(`addresses/${name}/utxos${unit}?page=${page + 1}&count=${PAGE_SIZE}&order=asc`, addressUtxos, signal)) ?? [],
    });
    const foreign = rows.find((row) => !own(row.address));
    if (foreign !== undefined) throw unavailable(`the source lists an output of ${foreign.address} under ${name}`);
    return rows.map(utxoOf);
  };

  return {
    slotConfig,
    rawTransaction,
    tip,

    async utxos(address, { asset, signal } = {}) {
      checked('address', address);
      const unit = asset === undefined ? '' : `/${checked('asset', asset.policyId + asset.assetName)}`;
      return await outputsUnder(address, unit, (row) => row === address, signal);
    },

    async scriptUtxos(scriptHash, signal) {
      const credential = bech32.encode('script', bech32.toWords(hexToBytes(checked('script hash', scriptHash))));
      // Sources that know whole addresses only call this one malformed.
      const first = await request({ path: `addresses/${credential}/utxos?page=1&count=1&order=asc`, repeatable: true, signal });
      if (first.status === 400) return null;
      return await outputsUnder(credential, '', (address) => isOfScript(address, scriptHash), signal);
    },

    async history(address, { limit, signal }) {
      checked('address', address);
      const txIds = new Set<string>();
      for (let page = 1; txIds.size <= limit && page <= MAX_PAGES; page++) {
        const path = `addresses/${address}/transactions?page=${page}&count=${PAGE_SIZE}&order=desc`;
        const rows = (await get(path, addressTransactions, signal)) ?? [];
        // A block that comes in meanwhile moves rows to later pages: one is seen twice then, none is missed.
        for (const { tx_hash: txId } of rows) txIds.add(txId);
        if (rows.length < PAGE_SIZE) break;
      }
      return { txIds: [...txIds].slice(0, limit), more: txIds.size > limit };
    },

    async output(reference: OutputReference, signal) {
      const path = `txs/${checked('transaction id', reference.txId)}/utxos`;
      const [transaction, spending] = await Promise.all([rawTransaction(reference.txId, signal), get(path, transactionUtxos, signal)]);
      if (transaction === null || spending === null) return null;
      const made = transaction.isValid ? transaction.outputs[reference.index] : transaction.collateralReturn;
      if (made == null || made.reference.index !== reference.index) return null;
      const state = spending.outputs.find((row) => row.output_index === reference.index);
      if (state === undefined) throw unavailable(`${path} does not tell whether output ${reference.index} is spent`);
      // The bytes stay behind: what callers get is the plain output.
      const { raw: _raw, referenceScript: _script, ...utxo } = made;
      return { utxo, spentBy: state.consumed_by_tx };
    },

    async parameters(signal): Promise<ProtocolParameters> {
      const now = await getKnown('epochs/latest/parameters', parameters, signal);
      return parametersFrom(now, now.epoch, now.cost_models_raw);
    },

    transaction,

    async submit(transactionCborHex, signal) {
      const { id } = readTransactionHex(transactionCborHex);
      const body = { content: Uint8Array.from(hexToBytes(transactionCborHex)), contentType: 'application/cbor' };
      const send = async (): Promise<string> => {
        const { status, json } = await request({ path: 'tx/submit', body, repeatable: false, signal });
        if (status === 200) {
          if (json !== id) throw unavailable(`the source took transaction ${id} and calls it ${JSON.stringify(json).slice(0, 80)}`);
          return id;
        }
        const { message } = parsed(problem, json, 'tx/submit');
        if (status === 400) throw new NunetError('chain-rejected', `Cannot submit transaction ${id}: ${message.slice(0, 4000)}`);
        throw unavailable(`tx/submit answers with status ${status}: ${message.slice(0, 300)}`);
      };
      return submitOnce(id, send, () => transaction(id, signal), signal);
    },
    async evaluate(transactionCborHex, signal): Promise<RedeemerBudget[]> {
      const { id } = readTransactionHex(transactionCborHex);
      const path = 'utils/txs/evaluate';
      const { status, json } = await request({
        path,
        body: { content: transactionCborHex, contentType: 'application/cbor' },
        repeatable: true,
        signal,
      });
      if (status !== 200)
        throw new NunetError('chain-rejected', `Cannot evaluate transaction ${id}: ${parsed(problem, json, path).message.slice(0, 2000)}`);
      const { EvaluationResult: budgets, EvaluationFailure: refusal } = parsed(evaluation, json, path).result;
      if (budgets === undefined)
        throw new NunetError('chain-rejected', `Cannot evaluate transaction ${id}: ${JSON.stringify(refusal ?? null).slice(0, 4000)}`);
      return Object.entries(budgets).map(([key, { memory, steps }]) => {
        const [purpose = '', index = ''] = key.split(':');
        const tag = TAGS[purpose];
        if (tag === undefined) throw unavailable(`${path} names the unknown purpose ${purpose}`);
        return { tag, index: Number(index), memory: BigInt(memory), steps: BigInt(steps) };
      });
    },
  };
}

/** Opens a source and checks that it serves `network`. Throws `chain-unavailable` or `chain-wrong-network`. */
export async function openBlockfrost(options: SourceOptions & { network: Network; signal?: AbortSignal }): Promise<Source> {
  const { status, json } = await ask(options)({ path: 'genesis', repeatable: true, signal: options.signal });
  const answer = genesis.safeParse(json);
  if (status !== 200 || !answer.success) throw unavailable(`genesis answers with status ${status} and an unexpected shape`);
  const { network_magic: magic, system_start: systemStartSeconds, slot_length: slotLengthSeconds } = answer.data;
  const slotConfig = slotConfigOf(options.network, { magic, systemStartSeconds, slotLengthSeconds });
  return { ...blockfrostChain({ ...options, slotConfig }), networkMagic: magic };
}
