// The devnet's chain in Koios' JSON shapes. Source: github.com/cardano-community/koios-artifacts, specs and files/grest/rpc (v1.4).
import { bytesToHex } from '@noble/hashes/utils.js';
import type { TransactionOutput } from '../chain/transaction.ts';
import { datumHash, epochOf, seconds } from './blockfrost-json.ts';
import type { Block, ConfirmedTransaction, Ledger } from './ledger.ts';
import { EPOCH_SLOTS, MAX_BLOCK_BODY_BYTES, MAX_BLOCK_HEADER_BYTES, PARAMETERS, PROTOCOL_VERSION } from './parameters.ts';

export type Row = Record<string, unknown>;

export const tipRow = (ledger: Ledger): Row => ({
  hash: ledger.tip.hash,
  epoch_no: epochOf(ledger.tip.slot),
  era: 'Conway',
  abs_slot: ledger.tip.slot,
  epoch_slot: ledger.tip.slot % EPOCH_SLOTS,
  block_height: ledger.tip.height,
  block_no: ledger.tip.height,
  block_time: seconds(ledger.blockTimeMs(ledger.tip)),
});

export const genesisRow = (ledger: Ledger): Row => ({
  networkmagic: String(ledger.networkMagic),
  networkid: 'Testnet',
  activeslotcoeff: '1',
  updatequorum: '1',
  maxlovelacesupply: '45000000000000000',
  epochlength: String(EPOCH_SLOTS),
  systemstart: seconds(ledger.slotConfig.zeroTimeMs),
  slotsperkesperiod: '129600',
  slotlength: String(ledger.slotConfig.slotLengthMs / 1000),
  maxkesrevolutions: '62',
  securityparam: '2160',
  alonzogenesis: '{}',
});

export const parametersRow = (ledger: Ledger, epoch: number): Row => ({
  epoch_no: epoch,
  era: 'Conway',
  min_fee_a: Number(PARAMETERS.minFeeA),
  min_fee_b: Number(PARAMETERS.minFeeB),
  max_block_size: MAX_BLOCK_BODY_BYTES,
  max_tx_size: PARAMETERS.maxTxSize,
  max_bh_size: MAX_BLOCK_HEADER_BYTES,
  key_deposit: String(PARAMETERS.keyDeposit),
  pool_deposit: String(PARAMETERS.poolDeposit),
  max_epoch: 18,
  optimal_pool_count: 500,
  influence: 0.3,
  monetary_expand_rate: 0.003,
  treasury_growth_rate: 0.2,
  decentralisation: 0,
  extra_entropy: null,
  protocol_major: PROTOCOL_VERSION.major,
  protocol_minor: PROTOCOL_VERSION.minor,
  min_utxo_value: '0',
  min_pool_cost: '170000000',
  nonce: '0'.repeat(64),
  block_hash: ledger.tip.hash,
  cost_models: {
    PlutusV1: PARAMETERS.costModels.plutusV1,
    PlutusV2: PARAMETERS.costModels.plutusV2,
    PlutusV3: PARAMETERS.costModels.plutusV3,
  },
  price_mem: PARAMETERS.priceMemory,
  price_step: PARAMETERS.priceSteps,
  max_tx_ex_mem: Number(PARAMETERS.maxTxMemory),
  max_tx_ex_steps: Number(PARAMETERS.maxTxSteps),
  max_block_ex_mem: Number(PARAMETERS.maxBlockMemory),
  max_block_ex_steps: Number(PARAMETERS.maxBlockSteps),
  max_val_size: PARAMETERS.maxValueSize,
  collateral_percent: PARAMETERS.collateralPercent,
  max_collateral_inputs: PARAMETERS.maxCollateralInputs,
  coins_per_utxo_size: String(PARAMETERS.coinsPerUtxoByte),
  min_fee_ref_script_cost_per_byte: PARAMETERS.referenceScriptFeePerByte,
});

/** `extended` false leaves tokens, datum and script away, as the service does. */
export function utxoRow(ledger: Ledger, output: TransactionOutput, isSpent: boolean, extended: boolean): Row {
  const block = ledger.transaction(output.reference.txId)?.block;
  const { referenceScript } = output;
  const inline = extended && output.inlineDatum !== undefined;
  return {
    tx_hash: output.reference.txId,
    tx_index: output.reference.index,
    address: output.address,
    value: String(output.lovelace),
    stake_address: null,
    payment_cred: null,
    epoch_no: block === undefined ? null : epochOf(block.slot),
    block_height: block?.height ?? null,
    block_time: block === undefined ? null : seconds(ledger.blockTimeMs(block)),
    datum_hash: output.datumHash ?? (output.inlineDatum === undefined ? null : datumHash(output.inlineDatum)),
    inline_datum: inline ? { bytes: output.inlineDatum, value: null } : null,
    reference_script:
      extended && referenceScript !== undefined
        ? {
            hash: referenceScript.hash,
            bytes: bytesToHex(referenceScript.bytes),
            value: null,
            type: referenceScript.language,
            size: referenceScript.bytes.length,
          }
        : null,
    asset_list: extended
      ? output.assets.map(({ policyId, assetName, quantity }) => ({
          policy_id: policyId,
          asset_name: assetName,
          fingerprint: null,
          decimals: 0,
          quantity: String(quantity),
        }))
      : null,
    is_spent: isSpent,
  };
}

const placeOf = (ledger: Ledger, block: Block): Row => ({
  block_hash: block.hash,
  block_height: block.height,
  epoch_no: epochOf(block.slot),
  absolute_slot: block.slot,
  tx_timestamp: seconds(ledger.blockTimeMs(block)),
});

export const transactionRow = (ledger: Ledger, { transaction, block, indexInBlock }: ConfirmedTransaction): Row => ({
  tx_hash: transaction.id,
  ...placeOf(ledger, block),
  epoch_slot: block.slot % EPOCH_SLOTS,
  tx_block_index: indexInBlock,
  tx_size: transaction.raw.length,
  total_output: String(transaction.outputs.reduce((sum, { lovelace }) => sum + lovelace, 0n)),
  fee: String(transaction.fee),
  treasury_donation: '0',
  deposit: '0',
  invalid_before: transaction.validFrom === null ? null : String(transaction.validFrom),
  invalid_after: transaction.validUntil === null ? null : String(transaction.validUntil),
  valid_contract: transaction.isValid,
});

export const cborRow = (ledger: Ledger, { transaction, block }: ConfirmedTransaction): Row => ({
  tx_hash: transaction.id,
  ...placeOf(ledger, block),
  cbor: bytesToHex(transaction.raw),
  valid_contract: transaction.isValid,
});
