// A Blockfrost-compatible source behind the Chain interface: the public service, one's own Ryo, or the devnet.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { bech32 } from '@scure/base';
import { z } from 'zod';
import { NunetError } from '@nunet/shared/errors.ts';
import { hex28, hex32, type Network, type OutputReference } from '@nunet/shared/fields.ts';
import { addressBytes } from './address.ts';
import type {
  AssetQuantity,
  Chain,
  ChainRecall,
  ProtocolParameters,
  RedeemerBudget,
  RedeemerTag,
  SlotConfig,
  Tip,
  TransactionStatus,
  Utxo,
} from './chain.ts';
import { timeOf } from './chain.ts';
import { sourceRequests, unavailable, type SourceOptions } from './source-request.ts';
import { readTransactionHex, type Transaction } from './transaction.ts';

const PAGE_SIZE = 100;
/** 20,000 outputs at one address; more is an error, never a shortened wallet. */
const MAX_PAGES = 200;
/** Readings of a wallet of several pages before giving up; a page takes milliseconds, a block seconds. */
const STABLE_READS = 5;
const RAW_TRANSACTIONS_KEPT = 64;

const MAGIC: Partial<Record<Network, number>> = { preprod: 1, preview: 2 };
const MAINNET_MAGIC = 764_824_073;
/** Shelley eras of the public test networks; a devnet tells its own in /genesis. */
const SLOT_CONFIGS: Partial<Record<Network, SlotConfig>> = {
  preprod: { zeroTimeMs: 1_655_769_600_000, zeroSlot: 86_400, slotLengthMs: 1_000 },
  preview: { zeroTimeMs: 1_666_656_000_000, zeroSlot: 0, slotLengthMs: 1_000 },
};

// Answers are read with z.object, not strictObject: the service adds fields as it likes.
const digits = z.string().regex(/^\d{1,20}$/);
const lovelace = z.union([digits, z.int().min(0)]).transform((value) => BigInt(value));
const hexText = z.string().regex(/^([0-9a-f]{2})*$/);
const slot = z.int().min(0);
const amounts = z.array(z.object({ unit: z.string().regex(/^(lovelace|[0-9a-f]{56}([0-9a-f]{2}){0,32})$/), quantity: digits })).max(2_000);
const outputFields = {
  address: z.string().max(150),
  amount: amounts,
  output_index: z.int().min(0).max(65_535),
  data_hash: hex32.nullish(),
  inline_datum: hexText.nullish(),
  reference_script_hash: hex28.nullish(),
};
const addressUtxos = z.array(z.object({ ...outputFields, tx_hash: hex32 })).max(PAGE_SIZE);
const transactionUtxos = z.object({
  hash: hex32,
  outputs: z.array(z.object({ output_index: z.int().min(0), consumed_by_tx: hex32.nullish() })).max(2_000),
});
const addressTransactions = z.array(z.object({ tx_hash: hex32 })).max(PAGE_SIZE);
const transactionCbor = z.object({ cbor: hexText });
const transactionInfo = z.object({ hash: hex32, block_height: z.int().min(0), slot });
const latestBlock = z.object({ height: z.int().min(0), slot, hash: hex32 });
const costModel = z.array(z.int()).min(100).max(2_000);
const parameters = z.object({
  epoch: z.int().min(0),
  min_fee_a: lovelace,
  min_fee_b: lovelace,
  coins_per_utxo_size: lovelace,
  max_tx_size: z.int().positive(),
  max_tx_ex_mem: lovelace,
  max_tx_ex_steps: lovelace,
  max_block_ex_mem: lovelace,
  max_block_ex_steps: lovelace,
  price_mem: z.number().positive(),
  price_step: z.number().positive(),
  collateral_percent: z.int().positive(),
  max_collateral_inputs: z.int().positive(),
  min_fee_ref_script_cost_per_byte: z.coerce.number().min(0),
  max_val_size: z.coerce.number().int().positive(),
  key_deposit: lovelace,
  pool_deposit: lovelace,
  cost_models_raw: z.object({ PlutusV1: costModel, PlutusV2: costModel, PlutusV3: costModel }),
});
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

type OutputRow = z.infer<typeof addressUtxos>[number];

/** True for an address whose payment part is this script, staked or not (CIP-19: header bit 4). */
function isOfScript(address: string, scriptHash: string): boolean {
  const bytes = addressBytes(address);
  return ((bytes[0] ?? 0) & 0x90) === 0x10 && bytesToHex(bytes.subarray(1, 29)) === scriptHash;
}

function utxoOf(row: OutputRow): Utxo {
  const utxo: Utxo = { reference: { txId: row.tx_hash, index: row.output_index }, address: row.address, ...value(row.amount) };
  if (row.inline_datum != null) utxo.inlineDatum = row.inline_datum;
  // The service names the hash of an inline datum too; the ledger does not.
  else if (row.data_hash != null) utxo.datumHash = row.data_hash;
  if (row.reference_script_hash != null) utxo.referenceScriptHash = row.reference_script_hash;
  return utxo;
}

export interface BlockfrostOptions extends SourceOptions {
  slotConfig: SlotConfig;
}

export interface BlockfrostChain extends Chain {
  /** The transaction from bytes that hash to `txId`, so that the source cannot lie about it. Null: not on chain. */
  rawTransaction(txId: string, signal?: AbortSignal): Promise<Transaction | null>;
}

/** A chain over a Blockfrost-compatible API; `openBlockfrost` also checks the network and finds the slot config. */
export function blockfrostChain(options: BlockfrostOptions): BlockfrostChain & ChainRecall {
  const { slotConfig } = options;
  const ask = sourceRequests(options);
  const rawTransactions = new Map<string, Transaction>();

  const parsed = <Schema extends z.ZodType>(schema: Schema, json: unknown, path: string): z.infer<Schema> => {
    const result = schema.safeParse(json);
    if (result.success) return result.data;
    const [issue] = result.error.issues;
    throw unavailable(`${path} answers with an unexpected shape: ${issue?.path.join('.') ?? ''} ${issue?.message ?? ''}`);
  };

  /** Null only when the source says 404 in its own words. */
  const get = async <Schema extends z.ZodType>(path: string, schema: Schema, signal?: AbortSignal): Promise<z.infer<Schema> | null> => {
    const { status, json } = await ask({ path, repeatable: true, signal });
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
  const checked = (kind: string, text: string, pattern: RegExp): string => {
    if (!pattern.test(text)) throw new NunetError('chain-request-invalid', `Cannot ask the chain: "${text.slice(0, 80)}" is no ${kind}`);
    return text;
  };
  const txIdOf = (text: string): string => checked('transaction id', text, /^[0-9a-f]{64}$/);
  const checkedAddress = (text: string): string => checked('address', text, /^addr(_test)?1[a-z0-9]{20,130}$/);

  const rawTransaction = async (txId: string, signal?: AbortSignal): Promise<Transaction | null> => {
    const known = rawTransactions.get(txIdOf(txId));
    if (known !== undefined) return known;
    const answer = await get(`txs/${txId}/cbor`, transactionCbor, signal);
    if (answer === null) return null;
    let transaction: Transaction;
    try {
      transaction = readTransactionHex(answer.cbor);
    } catch (cause) {
      throw unavailable(`the source's bytes of transaction ${txId} cannot be read`, cause);
    }
    if (transaction.id !== txId) throw unavailable(`the source's bytes of transaction ${txId} hash to ${transaction.id}`);
    rawTransactions.set(txId, transaction);
    for (const oldest of rawTransactions.keys()) {
      if (rawTransactions.size <= RAW_TRANSACTIONS_KEPT) break;
      rawTransactions.delete(oldest);
    }
    return transaction;
  };

  const tip = async (signal?: AbortSignal): Promise<Tip> => {
    const block = await getKnown('blocks/latest', latestBlock, signal);
    return { slot: block.slot, height: block.height, hash: block.hash, timeMs: timeOf(block.slot, slotConfig) };
  };

  /** Outputs that the source lists under an address or a credential. A row that is not `own` makes the list unusable. */
  const outputsUnder = async (name: string, unit: string, own: (row: OutputRow) => boolean, signal?: AbortSignal): Promise<Utxo[]> => {
    const read = (page: number) => get(`addresses/${name}/utxos${unit}?page=${page}&count=${PAGE_SIZE}&order=asc`, addressUtxos, signal);
    const plain = (rows: OutputRow[]): Utxo[] => {
      const foreign = rows.find((row) => !own(row));
      if (foreign !== undefined) throw unavailable(`the source lists an output of ${foreign.address} under ${name}`);
      return rows.map(utxoOf);
    };
    const first = (await read(1)) ?? [];
    if (first.length < PAGE_SIZE) return plain(first);
    // An output moves to another page when one before it is spent, so several pages count only when read between two looks at the same tip.
    for (let tried = 0; tried < STABLE_READS; tried++) {
      const before = await tip(signal);
      const found: Utxo[] = [];
      for (let page = 1, full = true; full; page++) {
        if (page > MAX_PAGES) throw unavailable(`${name} holds more than ${MAX_PAGES * PAGE_SIZE} outputs`);
        const rows = (await read(page)) ?? [];
        found.push(...plain(rows));
        full = rows.length === PAGE_SIZE;
      }
      if ((await tip(signal)).hash === before.hash) return found;
    }
    throw unavailable(`new blocks came in during each of ${STABLE_READS} readings of the outputs of ${name}`);
  };

  return {
    slotConfig,
    rawTransaction,
    tip,

    async utxos(address, { asset, signal } = {}) {
      checkedAddress(address);
      const unit = asset === undefined ? '' : `/${checked('asset', asset.policyId + asset.assetName, /^[0-9a-f]{56}([0-9a-f]{2}){0,32}$/)}`;
      return await outputsUnder(address, unit, (row) => row.address === address, signal);
    },

    async scriptUtxos(scriptHash, signal) {
      const bytes = hexToBytes(checked('script hash', scriptHash, /^[0-9a-f]{56}$/));
      const credential = bech32.encode('script', bech32.toWords(bytes));
      // Sources that know whole addresses only call this one malformed.
      const first = await ask({ path: `addresses/${credential}/utxos?page=1&count=1&order=asc`, repeatable: true, signal });
      if (first.status === 400) return null;
      return await outputsUnder(credential, '', (row) => isOfScript(row.address, scriptHash), signal);
    },

    async history(address, { limit, signal }) {
      checkedAddress(address);
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
      const path = `txs/${txIdOf(reference.txId)}/utxos`;
      const [transaction, spending] = await Promise.all([rawTransaction(reference.txId, signal), get(path, transactionUtxos, signal)]);
      if (transaction === null || spending === null) return null;
      const made = transaction.isValid ? transaction.outputs[reference.index] : transaction.collateralReturn;
      if (made == null || made.reference.index !== reference.index) return null;
      const state = spending.outputs.find((row) => row.output_index === reference.index);
      if (state?.consumed_by_tx === undefined) throw unavailable(`${path} does not tell whether output ${reference.index} is spent`);
      // The bytes stay behind: what callers get is the plain output.
      const { raw: _raw, referenceScript: _script, ...utxo } = made;
      return { utxo, spentBy: state.consumed_by_tx };
    },

    async parameters(signal): Promise<ProtocolParameters> {
      const now = await getKnown('epochs/latest/parameters', parameters, signal);
      return {
        epoch: now.epoch,
        minFeeA: now.min_fee_a,
        minFeeB: now.min_fee_b,
        coinsPerUtxoByte: now.coins_per_utxo_size,
        maxTxSize: now.max_tx_size,
        maxTxMemory: now.max_tx_ex_mem,
        maxTxSteps: now.max_tx_ex_steps,
        maxBlockMemory: now.max_block_ex_mem,
        maxBlockSteps: now.max_block_ex_steps,
        priceMemory: now.price_mem,
        priceSteps: now.price_step,
        collateralPercent: now.collateral_percent,
        maxCollateralInputs: now.max_collateral_inputs,
        referenceScriptFeePerByte: now.min_fee_ref_script_cost_per_byte,
        maxValueSize: now.max_val_size,
        keyDeposit: now.key_deposit,
        poolDeposit: now.pool_deposit,
        costModels: {
          plutusV1: now.cost_models_raw.PlutusV1,
          plutusV2: now.cost_models_raw.PlutusV2,
          plutusV3: now.cost_models_raw.PlutusV3,
        },
      };
    },

    async transaction(txId, signal): Promise<TransactionStatus> {
      const found = await get(`txs/${txIdOf(txId)}`, transactionInfo, signal);
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
    },

    async submit(transactionCborHex, signal) {
      const { id } = readTransactionHex(transactionCborHex);
      const body = { content: Uint8Array.from(hexToBytes(transactionCborHex)), contentType: 'application/cbor' };
      const { status, json } = await ask({ path: 'tx/submit', body, repeatable: false, signal });
      if (status === 200) {
        if (json !== id) throw unavailable(`the source took transaction ${id} and calls it ${JSON.stringify(json).slice(0, 80)}`);
        return id;
      }
      const { message } = parsed(problem, json, 'tx/submit');
      if (status === 400) throw new NunetError('chain-rejected', `Cannot submit transaction ${id}: ${message.slice(0, 4000)}`);
      throw unavailable(`tx/submit answers with status ${status}: ${message.slice(0, 300)}`);
    },

    async evaluate(transactionCborHex, signal): Promise<RedeemerBudget[]> {
      const { id } = readTransactionHex(transactionCborHex);
      const path = 'utils/txs/evaluate';
      const { status, json } = await ask({
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

/**
 * Opens a source and checks that it serves `network`: the magic of its genesis must be that network's, and never mainnet's.
 * Throws `chain-unavailable` or `chain-wrong-network`.
 */
export async function openBlockfrost(
  options: SourceOptions & { network: Network; signal?: AbortSignal },
): Promise<BlockfrostChain & ChainRecall> {
  const { network, signal } = options;
  const { status, json } = await sourceRequests(options)({ path: 'genesis', repeatable: true, signal });
  const answer = genesis.safeParse(json);
  if (status !== 200 || !answer.success) throw unavailable(`genesis answers with status ${status} and an unexpected shape`);
  const { network_magic: magic, system_start: start, slot_length: length } = answer.data;
  const wanted = MAGIC[network];
  const isPublic = magic === MAINNET_MAGIC || Object.values(MAGIC).includes(magic);
  if (wanted === undefined ? isPublic : magic !== wanted) {
    throw new NunetError(
      'chain-wrong-network',
      `Cannot use the source for ${network}: its network magic is ${magic}, want ${wanted ?? "a devnet's"}`,
    );
  }
  const slotConfig = SLOT_CONFIGS[network] ?? { zeroTimeMs: start * 1000, zeroSlot: 0, slotLengthMs: length * 1000 };
  return blockfrostChain({ ...options, slotConfig });
}
