// The devnet's chain in Blockfrost's JSON shapes. Source: https://docs.blockfrost.io (OpenAPI 0.1).
import { blake2b } from '@noble/hashes/blake2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { addressBytes } from '../chain/address.ts';
import { asArray, asInt, asBytes, readCbor, type CborItem } from '../chain/cbor.ts';
import type { AssetQuantity } from '../chain/chain.ts';
import type { Redeemer, Script, Transaction, TransactionOutput } from '../chain/transaction.ts';
import type { Block, ConfirmedTransaction, Ledger } from './ledger.ts';
import { EPOCH_SLOTS, MAX_BLOCK_BODY_BYTES, MAX_BLOCK_HEADER_BYTES, PARAMETERS, PROTOCOL_VERSION } from './parameters.ts';

export const seconds = (ms: number): number => Math.floor(ms / 1000);
export const datumHash = (cborHex: string): string => bytesToHex(blake2b(hexToBytes(cborHex), { dkLen: 32 }));
export const epochOf = (slot: number): number => Math.floor(slot / EPOCH_SLOTS);

interface UnitQuantity {
  unit: string;
  quantity: string;
}

export const amountJson = ({ lovelace, assets }: { lovelace: bigint; assets: AssetQuantity[] }): UnitQuantity[] => [
  { unit: 'lovelace', quantity: String(lovelace) },
  ...assets.map(({ policyId, assetName, quantity }) => ({ unit: policyId + assetName, quantity: String(quantity) })),
];

export const sumJson = (outputs: { lovelace: bigint; assets: AssetQuantity[] }[]): UnitQuantity[] => {
  const sums = new Map<string, bigint>();
  for (const output of outputs) {
    for (const { unit, quantity } of amountJson(output)) sums.set(unit, (sums.get(unit) ?? 0n) + BigInt(quantity));
  }
  return [...sums].map(([unit, quantity]) => ({ unit, quantity: String(quantity) }));
};

const outputFields = (output: TransactionOutput) => ({
  address: output.address,
  amount: amountJson(output),
  output_index: output.reference.index,
  // Blockfrost gives the hash of an inline datum too.
  data_hash: output.datumHash ?? (output.inlineDatum === undefined ? null : datumHash(output.inlineDatum)),
  inline_datum: output.inlineDatum ?? null,
  reference_script_hash: output.referenceScriptHash ?? null,
});

export const addressUtxoJson = (output: TransactionOutput, block: Block | undefined) => ({
  ...outputFields(output),
  tx_hash: output.reference.txId,
  tx_index: output.reference.index,
  block: block?.hash ?? '',
});

export const transactionJson = (ledger: Ledger, { transaction, block, indexInBlock }: ConfirmedTransaction) => ({
  hash: transaction.id,
  block: block.hash,
  block_height: block.height,
  block_time: seconds(ledger.blockTimeMs(block)),
  slot: block.slot,
  index: indexInBlock,
  output_amount: sumJson(transaction.outputs),
  fees: String(transaction.fee),
  deposit: '0',
  size: transaction.raw.length,
  invalid_before: transaction.validFrom === null ? null : String(transaction.validFrom),
  invalid_hereafter: transaction.validUntil === null ? null : String(transaction.validUntil),
  utxo_count: transaction.inputs.length + transaction.outputs.length,
  withdrawal_count: transaction.counts.withdrawals,
  mir_cert_count: 0,
  delegation_count: 0,
  stake_cert_count: transaction.counts.certificates,
  pool_update_count: 0,
  pool_retire_count: 0,
  asset_mint_or_burn_count: transaction.mint.length,
  redeemer_count: transaction.redeemers.length,
  valid_contract: transaction.isValid,
  treasury_donation: '0',
});

export function transactionUtxosJson(ledger: Ledger, transaction: Transaction) {
  const input = (kind: 'input' | 'collateral' | 'reference') => (reference: { txId: string; index: number }) => {
    const known = ledger.utxos.find(reference)?.output;
    return {
      ...(known === undefined
        ? { address: '', amount: [], output_index: reference.index, data_hash: null, inline_datum: null, reference_script_hash: null }
        : outputFields(known)),
      tx_hash: reference.txId,
      collateral: kind === 'collateral',
      reference: kind === 'reference',
    };
  };
  return {
    hash: transaction.id,
    inputs: [
      ...transaction.inputs.map(input('input')),
      ...transaction.collateralInputs.map(input('collateral')),
      ...transaction.referenceInputs.map(input('reference')),
    ],
    outputs: [
      ...transaction.outputs.map((output) => ({
        ...outputFields(output),
        collateral: false,
        consumed_by_tx: ledger.utxos.find(output.reference)?.spentBy ?? null,
      })),
      ...(transaction.collateralReturn === null
        ? []
        : [
            {
              ...outputFields(transaction.collateralReturn),
              collateral: true,
              consumed_by_tx: ledger.utxos.find(transaction.collateralReturn.reference)?.spentBy ?? null,
            },
          ]),
    ],
  };
}

/** Hash of the script that a redeemer runs, where the transaction tells. */
export function redeemerScript(ledger: Ledger, transaction: Transaction, redeemer: Redeemer): string | null {
  if (redeemer.tag === 'mint') return [...new Set(transaction.mint.map((asset) => asset.policyId))].toSorted()[redeemer.index] ?? null;
  if (redeemer.tag !== 'spend') return null;
  const reference = transaction.inputs[redeemer.index];
  const address = reference === undefined ? undefined : ledger.utxos.find(reference)?.output.address;
  return address?.startsWith('addr') ? bytesToHex(addressBytes(address).subarray(1, 29)) : null;
}

const exUnitFee = (redeemer: Redeemer): number =>
  Math.ceil(Number(redeemer.memory) * PARAMETERS.priceMemory + Number(redeemer.steps) * PARAMETERS.priceSteps);

export const redeemersJson = (ledger: Ledger, transaction: Transaction) =>
  transaction.redeemers.map((redeemer) => ({
    tx_index: redeemer.index,
    purpose: redeemer.tag === 'certificate' ? 'cert' : redeemer.tag === 'withdrawal' ? 'reward' : redeemer.tag,
    script_hash: redeemerScript(ledger, transaction, redeemer) ?? '',
    redeemer_data_hash: datumHash(redeemer.data),
    datum_hash: datumHash(redeemer.data),
    unit_mem: String(redeemer.memory),
    unit_steps: String(redeemer.steps),
    fee: String(exUnitFee(redeemer)),
  }));

export function blockJson(ledger: Ledger, block: Block) {
  const next = ledger.block(block.height + 1);
  return {
    time: seconds(ledger.blockTimeMs(block)),
    height: block.height,
    hash: block.hash,
    slot: block.slot,
    epoch: epochOf(block.slot),
    epoch_slot: block.slot % EPOCH_SLOTS,
    slot_leader: 'devnet',
    size: block.sizeBytes,
    tx_count: block.txIds.length,
    output: block.txIds.length === 0 ? null : String(block.output),
    fees: block.txIds.length === 0 ? null : String(block.fees),
    block_vrf: null,
    op_cert: null,
    op_cert_counter: null,
    previous_block: block.height === 0 ? null : block.previousHash,
    next_block: next?.hash ?? null,
    confirmations: ledger.tip.height - block.height,
  };
}

export const genesisJson = (ledger: Ledger) => ({
  active_slots_coefficient: 1,
  update_quorum: 1,
  max_lovelace_supply: '45000000000000000',
  network_magic: ledger.networkMagic,
  epoch_length: EPOCH_SLOTS,
  system_start: seconds(ledger.slotConfig.zeroTimeMs),
  slots_per_kes_period: 129_600,
  slot_length: ledger.slotConfig.slotLengthMs / 1000,
  max_kes_evolutions: 62,
  security_param: 2_160,
});

export const parametersJson = (epoch: number) => ({
  epoch,
  min_fee_a: Number(PARAMETERS.minFeeA),
  min_fee_b: Number(PARAMETERS.minFeeB),
  max_block_size: MAX_BLOCK_BODY_BYTES,
  max_tx_size: PARAMETERS.maxTxSize,
  max_block_header_size: MAX_BLOCK_HEADER_BYTES,
  key_deposit: String(PARAMETERS.keyDeposit),
  pool_deposit: String(PARAMETERS.poolDeposit),
  e_max: 18,
  n_opt: 500,
  a0: 0.3,
  rho: 0.003,
  tau: 0.2,
  decentralisation_param: 0,
  extra_entropy: null,
  protocol_major_ver: PROTOCOL_VERSION.major,
  protocol_minor_ver: PROTOCOL_VERSION.minor,
  min_utxo: String(PARAMETERS.coinsPerUtxoByte),
  min_pool_cost: '170000000',
  nonce: '0'.repeat(64),
  cost_models: null,
  cost_models_raw: {
    PlutusV1: PARAMETERS.costModels.plutusV1,
    PlutusV2: PARAMETERS.costModels.plutusV2,
    PlutusV3: PARAMETERS.costModels.plutusV3,
  },
  price_mem: PARAMETERS.priceMemory,
  price_step: PARAMETERS.priceSteps,
  max_tx_ex_mem: String(PARAMETERS.maxTxMemory),
  max_tx_ex_steps: String(PARAMETERS.maxTxSteps),
  max_block_ex_mem: String(PARAMETERS.maxBlockMemory),
  max_block_ex_steps: String(PARAMETERS.maxBlockSteps),
  max_val_size: String(PARAMETERS.maxValueSize),
  collateral_percent: PARAMETERS.collateralPercent,
  max_collateral_inputs: PARAMETERS.maxCollateralInputs,
  coins_per_utxo_size: String(PARAMETERS.coinsPerUtxoByte),
  coins_per_utxo_word: String(PARAMETERS.coinsPerUtxoByte),
  min_fee_ref_script_cost_per_byte: PARAMETERS.referenceScriptFeePerByte,
});

export const scriptJson = (script: Script) => ({
  script_hash: script.hash,
  type: script.language === 'native' ? 'timelock' : script.language,
  serialised_size: script.language === 'native' ? null : script.bytes.length,
});

/** The program wrapped once in CBOR, as Blockfrost gives it. */
export const scriptCborHex = (script: Script): string => bytesToHex(script.bytes);

const NATIVE_KINDS = ['sig', 'all', 'any', 'atLeast', 'after', 'before'] as const;

export function nativeScriptJson(item: CborItem): Record<string, unknown> {
  const [kind, first, second] = asArray(item);
  const type = NATIVE_KINDS[Number(asInt(kind))];
  switch (type) {
    case 'sig':
      return { type, keyHash: bytesToHex(asBytes(first)) };
    case 'all':
    case 'any':
      return { type, scripts: asArray(first).map(nativeScriptJson) };
    case 'atLeast':
      return { type, required: Number(asInt(first)), scripts: asArray(second).map(nativeScriptJson) };
    case 'after':
    case 'before':
      return { type, slot: Number(asInt(first)) };
    case undefined:
      break;
  }
  return { type: 'unknown' };
}

export const readNativeScript = (script: Script) => nativeScriptJson(readCbor(script.bytes));

/** Metadata without a schema, as `GET /txs/{hash}/metadata` gives it. */
export function metadataJson(item: CborItem): unknown {
  switch (item.kind) {
    case 'int':
      return item.value >= BigInt(Number.MIN_SAFE_INTEGER) && item.value <= BigInt(Number.MAX_SAFE_INTEGER)
        ? Number(item.value)
        : String(item.value);
    case 'bytes':
      return `0x${bytesToHex(item.value)}`;
    case 'text':
      return item.value;
    case 'array':
      return item.items.map(metadataJson);
    case 'map':
      return Object.fromEntries(
        item.entries.map(([key, value]) => {
          const name = metadataJson(key);
          return [typeof name === 'string' ? name : JSON.stringify(name), metadataJson(value)];
        }),
      );
    case 'tag':
      return metadataJson(item.item);
    case 'simple':
    case 'other':
      break;
  }
  return null;
}
