// A Koios source behind the Chain interface: the public service, one's own instance, or the devnet's face of it.
// Schema: github.com/cardano-community/koios-artifacts, specs (v1.4); Ogmios v6 for evaluation.
import { hexToBytes } from '@noble/hashes/utils.js';
import { z } from 'zod';
import { NunetError } from '@nunet/shared/errors.ts';
import { hex28, hex32, referenceText, type Network, type OutputReference } from '@nunet/shared/fields.ts';
import {
  timeOf,
  type ProtocolParameters,
  type RedeemerBudget,
  type RedeemerTag,
  type SlotConfig,
  type Source,
  type Tip,
  type TransactionStatus,
  type Utxo,
} from './chain.ts';
import { isOfScript } from './address.ts';
import { spenders } from './koios-spender.ts';
import { slotConfigOf } from './networks.ts';
import { allPages } from './pages.ts';
import { checked, digits, hexText, parsed, ratio, rawTransactions, slot, submitOnce, transactionFrom } from './source-answer.ts';
import { costModelLists, parameterFields, parametersFrom } from './source-parameters.ts';
import { sourceRequests, unavailable, type AskSource, type SourceOptions } from './source-request.ts';
import { readTransactionHex } from './transaction.ts';

/** The service gives at most 1,000 rows an answer; 250 with datums and scripts stay well below what is read of one. */
const PAGE_SIZE = 250;
/** More outputs at one address are an error, never a shortened wallet. */
const MAX_OUTPUTS = 20_000;
const JSON_BODY = 'application/json';

// Answers are read with z.object, not strictObject: the service adds fields as it likes.
const height = z.int().min(0);
const outputIndex = z.int().min(0).max(65_535);
const tipRows = z.array(z.object({ hash: hex32, epoch_no: z.int().min(0), abs_slot: slot, block_height: height })).length(1);
const addressUtxos = z
  .array(
    z.object({
      tx_hash: hex32,
      tx_index: outputIndex,
      address: z.string().max(150),
      value: digits,
      datum_hash: hex32.nullable(),
      inline_datum: z.object({ bytes: hexText }).nullable(),
      reference_script: z.object({ hash: hex28 }).nullable(),
      // Null only where the service was not asked for tokens, which must not look like none.
      asset_list: z
        .array(z.object({ policy_id: hex28, asset_name: z.string().regex(/^([0-9a-f]{2}){0,32}$/), quantity: digits }))
        .max(2_000),
    }),
  )
  .max(PAGE_SIZE);
const utxoInfo = z
  .array(z.object({ tx_hash: hex32, tx_index: outputIndex, address: z.string().max(150), block_height: height, is_spent: z.boolean() }))
  .max(1);
const transactionInfo = z.array(z.object({ tx_hash: hex32, block_height: height, absolute_slot: slot })).max(1);
/** `cbor` is null where the instance does not keep raw transactions; `valid_contract` came with v1.4.2. */
const transactionCbor = z.array(z.object({ tx_hash: hex32, cbor: hexText.nullable(), valid_contract: z.boolean().nullish() })).max(100);
const parameterRows = z.array(z.object({ epoch_no: z.int().min(0), ...parameterFields, cost_models: costModelLists })).length(1);
const genesisRows = z
  .array(
    z.object({
      networkmagic: z
        .string()
        .regex(/^\d{1,10}$/)
        .transform(Number),
      systemstart: z.int().positive(),
      slotlength: ratio.refine((seconds) => seconds > 0, 'must be above 0'),
    }),
  )
  .length(1);

const purposes = {
  spend: 'spend',
  mint: 'mint',
  publish: 'certificate',
  withdraw: 'withdrawal',
  vote: 'vote',
  propose: 'propose',
} as const satisfies Record<string, RedeemerTag>;
const evaluation = z.union([
  z.object({
    result: z
      .array(
        z.object({
          validator: z.object({
            purpose: z.enum(['spend', 'mint', 'publish', 'withdraw', 'vote', 'propose']),
            index: z.int().min(0).max(65_535),
          }),
          budget: z.object({ memory: z.int().min(0), cpu: z.int().min(0) }),
        }),
      )
      .max(1_000),
  }),
  z.object({ error: z.object({ code: z.int(), message: z.string(), data: z.unknown().optional() }) }),
]);
/** Ogmios: its node has not caught up, which says nothing of the transaction. */
const NODE_TIP_TOO_OLD = 3003;

const sourceOf = (options: SourceOptions): AskSource =>
  sourceRequests(options, {
    headers: options.projectId === undefined ? {} : { authorization: `Bearer ${options.projectId}` },
    answers: [200, 202, 206, 400],
    advice: {
      401: 'it refuses this token',
      402: 'the quota of this account is used up',
      403: 'it refuses this account',
      413: 'it takes larger requests only from a registered account; give its token as project id',
    },
  });

function utxoOf(row: z.infer<typeof addressUtxos>[number]): Utxo {
  const utxo: Utxo = {
    reference: { txId: row.tx_hash, index: row.tx_index },
    address: row.address,
    lovelace: BigInt(row.value),
    assets: row.asset_list.map((asset) => ({ policyId: asset.policy_id, assetName: asset.asset_name, quantity: BigInt(asset.quantity) })),
  };
  if (row.inline_datum !== null) utxo.inlineDatum = row.inline_datum.bytes;
  // The service names the hash of an inline datum too; the ledger does not.
  else if (row.datum_hash !== null) utxo.datumHash = row.datum_hash;
  if (row.reference_script !== null) utxo.referenceScriptHash = row.reference_script.hash;
  return utxo;
}

export interface KoiosOptions extends SourceOptions {
  slotConfig: SlotConfig;
}

/** A chain over a Koios API; `openKoios` also checks the network and finds the slot config. */
export function koiosChain(options: KoiosOptions): Source {
  const { slotConfig } = options;
  const request = sourceOf(options);

  const answered = <Schema extends z.ZodType>(
    schema: Schema,
    path: string,
    { status, json }: { status: number; json: unknown },
  ): z.infer<Schema> => {
    if (status === 200 || status === 206) return parsed(schema, json, path);
    throw unavailable(`${path} answers with status ${status}: ${JSON.stringify(json).slice(0, 300)}`);
  };
  const get = async <Schema extends z.ZodType>(path: string, schema: Schema, signal?: AbortSignal): Promise<z.infer<Schema>> =>
    answered(schema, path, await request({ path, repeatable: true, signal }));
  /** Koios asks with POST; each of these reads, so it may be asked twice. */
  const ask = async <Schema extends z.ZodType>(
    path: string,
    body: object,
    schema: Schema,
    signal?: AbortSignal,
  ): Promise<z.infer<Schema>> =>
    answered(
      schema,
      path,
      await request({ path, body: { content: JSON.stringify(body), contentType: JSON_BODY }, repeatable: true, signal }),
    );

  const readTip = async (signal?: AbortSignal): Promise<Tip & { epoch: number }> => {
    const [block] = await get('tip', tipRows, signal);
    if (block === undefined) throw unavailable('tip has no row');
    return {
      slot: block.abs_slot,
      height: block.block_height,
      hash: block.hash,
      timeMs: timeOf(block.abs_slot, slotConfig),
      epoch: block.epoch_no,
    };
  };
  const tip = async (signal?: AbortSignal): Promise<Tip> => {
    const { epoch: _epoch, ...rest } = await readTip(signal);
    return rest;
  };

  /** The transactions on chain among these, each from bytes that hash to its id. */
  const load = async (txIds: readonly string[], signal: AbortSignal | undefined) => {
    const rows = await ask('tx_cbor', { _tx_hashes: txIds }, transactionCbor, signal);
    return rows.map(({ tx_hash: txId, cbor, valid_contract: isValid }) => {
      if (!txIds.includes(txId)) throw unavailable(`tx_cbor answers with transaction ${txId}, which was not asked for`);
      if (cbor === null) throw unavailable(`the source keeps no bytes of transaction ${txId}; take one that does`);
      const transaction = transactionFrom(cbor, txId);
      // The flag is no part of what the id hashes, and may be left out of the bytes.
      return isValid === false ? { ...transaction, isValid: false } : transaction;
    });
  };
  const rawTransaction = rawTransactions(async (txId, signal) => (await load([txId], signal))[0] ?? null);

  const place = async (txId: string, signal?: AbortSignal) => {
    // Everything that may be left away is: the row's place in the chain is all that is wanted.
    const leftAway = ['_inputs', '_metadata', '_assets', '_withdrawals', '_certs', '_scripts', '_bytecode', '_governance'];
    const body = { _tx_hashes: [txId], ...Object.fromEntries(leftAway.map((name) => [name, false])) };
    const [row] = await ask('tx_info?select=tx_hash,block_height,absolute_slot', body, transactionInfo, signal);
    if (row !== undefined && row.tx_hash !== txId) throw unavailable(`tx_info answers with transaction ${row.tx_hash}, not ${txId}`);
    return row ?? null;
  };

  const transaction = async (txId: string, signal?: AbortSignal): Promise<TransactionStatus> => {
    const found = await place(checked('transaction id', txId), signal);
    // The service shows no mempool.
    if (found === null) return { state: 'unknown' };
    // Asked for after the transaction, so the tip is never older than its block.
    const now = await tip(signal);
    return {
      state: 'confirmed',
      blockHeight: found.block_height,
      slot: found.absolute_slot,
      timeMs: timeOf(found.absolute_slot, slotConfig),
      confirmations: Math.max(0, now.height - found.block_height),
    };
  };

  const spenderOf = spenders({
    at: (address, fromHeight, offset, limit, signal) =>
      ask(
        `address_txs?select=tx_hash,block_height&order=block_height.asc&offset=${offset}&limit=${limit}`,
        { _addresses: [address], _after_block_height: fromHeight },
        z.array(z.object({ tx_hash: hex32 })).max(limit),
        signal,
      ).then((rows) => rows.map((row) => row.tx_hash)),
    load,
  });

  /** Outputs that the source lists under an address or a credential. One at an address that is not `own` makes the list unusable. */
  const outputsUnder = async (
    name: string,
    path: string,
    body: object,
    own: (address: string) => boolean,
    signal?: AbortSignal,
  ): Promise<Utxo[]> => {
    const rows = await allPages(name, {
      pageSize: PAGE_SIZE,
      maxRows: MAX_OUTPUTS,
      tip: () => tip(signal),
      read: (page) =>
        ask(
          `${path}?order=block_height.asc,tx_hash.asc,tx_index.asc&offset=${page * PAGE_SIZE}&limit=${PAGE_SIZE}`,
          { ...body, _extended: true },
          addressUtxos,
          signal,
        ),
    });
    const foreign = rows.find((row) => !own(row.address));
    if (foreign !== undefined) throw unavailable(`the source lists an output of ${foreign.address} under ${name}`);
    return rows.map(utxoOf);
  };

  return {
    slotConfig,
    rawTransaction,
    tip,
    transaction,

    async utxos(address, { asset, signal } = {}) {
      checked('address', address);
      if (asset !== undefined) checked('asset', asset.policyId + asset.assetName);
      const found = await outputsUnder(address, 'address_utxos', { _addresses: [address] }, (own) => own === address, signal);
      if (asset === undefined) return found;
      return found.filter(({ assets }) =>
        assets.some(({ policyId, assetName }) => policyId === asset.policyId && assetName === asset.assetName),
      );
    },

    async scriptUtxos(scriptHash, signal) {
      const body = { _payment_credentials: [checked('script hash', scriptHash)] };
      return await outputsUnder(scriptHash, 'credential_utxos', body, (address) => isOfScript(address, scriptHash), signal);
    },

    async history(address, { limit, signal }) {
      const body = { _addresses: [checked('address', address)], _after_block_height: 0 };
      const txIds = new Set<string>();
      for (let offset = 0; txIds.size <= limit && offset < MAX_OUTPUTS; offset += PAGE_SIZE) {
        const path = `address_txs?select=tx_hash,block_height&order=block_height.desc,tx_hash.asc&offset=${offset}&limit=${PAGE_SIZE}`;
        const rows = await ask(path, body, z.array(z.object({ tx_hash: hex32 })).max(PAGE_SIZE), signal);
        // A block that comes in meanwhile moves rows to later pages: one is seen twice then, none is missed.
        for (const { tx_hash: txId } of rows) txIds.add(txId);
        if (rows.length < PAGE_SIZE) break;
      }
      return { txIds: [...txIds].slice(0, limit), more: txIds.size > limit };
    },

    async output(reference: OutputReference, signal) {
      const txId = checked('transaction id', reference.txId);
      const name = referenceText(reference);
      const [made, [row]] = await Promise.all([
        rawTransaction(txId, signal),
        ask('utxo_info', { _utxo_refs: [name], _extended: false }, utxoInfo, signal),
      ]);
      if (made === null || row === undefined) return null;
      if (row.tx_hash !== txId || row.tx_index !== reference.index)
        throw unavailable(`utxo_info answers with output ${row.tx_hash}#${row.tx_index}, not ${name}`);
      const output = made.isValid ? made.outputs[reference.index] : undefined;
      if (output === undefined) throw unavailable(`the source knows output ${name}, which its transaction does not make`);
      // The bytes stay behind: what callers get is the plain output.
      const { raw: _raw, referenceScript: _script, ...utxo } = output;
      return { utxo, spentBy: row.is_spent ? await spenderOf(reference, utxo.address, row.block_height, signal) : null };
    },

    async parameters(signal): Promise<ProtocolParameters> {
      const { epoch } = await readTip(signal);
      const path = `epoch_params?_epoch_no=${epoch}`;
      const [now] = await get(path, parameterRows, signal);
      if (now?.epoch_no !== epoch) throw unavailable(`${path} answers with epoch ${now?.epoch_no}`);
      return parametersFrom(now, now.epoch_no, now.cost_models);
    },

    async submit(transactionCborHex, signal) {
      const { id } = readTransactionHex(transactionCborHex);
      const body = { content: Uint8Array.from(hexToBytes(transactionCborHex)), contentType: 'application/cbor' };
      const send = async (): Promise<string> => {
        const { status, json } = await request({ path: 'submittx', body, repeatable: false, signal });
        const said = typeof json === 'string' ? json : JSON.stringify(json);
        if (status === 202 || status === 200) {
          if (json !== id) throw unavailable(`the source took transaction ${id} and calls it ${said.slice(0, 80)}`);
          return id;
        }
        // The submit service words a lost connection to its node as a bad request too.
        if (status !== 400 || said.includes('ConnectionError'))
          throw unavailable(`submittx answers with status ${status}: ${said.slice(0, 300)}`);
        throw new NunetError('chain-rejected', `Cannot submit transaction ${id}: ${said.slice(0, 4000)}`);
      };
      return submitOnce(id, send, () => transaction(id, signal), signal);
    },

    async evaluate(transactionCborHex, signal): Promise<RedeemerBudget[]> {
      const { id } = readTransactionHex(transactionCborHex);
      const content = JSON.stringify({
        jsonrpc: '2.0',
        method: 'evaluateTransaction',
        params: { transaction: { cbor: transactionCborHex } },
      });
      const { json } = await request({ path: 'ogmios', body: { content, contentType: JSON_BODY }, repeatable: true, signal });
      const answer = parsed(evaluation, json, 'ogmios');
      if ('error' in answer) {
        const { code, message, data } = answer.error;
        if (code === NODE_TIP_TOO_OLD) throw unavailable(`ogmios cannot evaluate: ${message.slice(0, 300)}`);
        throw new NunetError(
          'chain-rejected',
          `Cannot evaluate transaction ${id}: ${message.slice(0, 500)} ${JSON.stringify(data ?? null).slice(0, 4000)}`,
        );
      }
      return answer.result.map(({ validator, budget }) => ({
        tag: purposes[validator.purpose],
        index: validator.index,
        memory: BigInt(budget.memory),
        steps: BigInt(budget.cpu),
      }));
    },
  };
}

/** Opens a source and checks that it serves `network`. Throws `chain-unavailable` or `chain-wrong-network`. */
export async function openKoios(options: SourceOptions & { network: Network; signal?: AbortSignal }): Promise<Source> {
  const { status, json } = await sourceOf(options)({ path: 'genesis', repeatable: true, signal: options.signal });
  const rows = genesisRows.safeParse(json);
  const [genesis] = rows.data ?? [];
  if (status !== 200 || genesis === undefined) throw unavailable(`genesis answers with status ${status} and an unexpected shape`);
  const { networkmagic: magic, systemstart: systemStartSeconds, slotlength: slotLengthSeconds } = genesis;
  const slotConfig = slotConfigOf(options.network, { magic, systemStartSeconds, slotLengthSeconds });
  return { ...koiosChain({ ...options, slotConfig }), networkMagic: magic };
}
