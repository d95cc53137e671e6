// What the rest of the project asks of a Cardano data source, and the arithmetic between slots and time.
import type { AssetId, OutputReference } from '@nunet/shared/fields.ts';
import type { Transaction } from './transaction.ts';

/** Native tokens in an output; ADA is never in this list. */
export interface AssetQuantity {
  policyId: string;
  assetName: string;
  quantity: bigint;
}

/** An output as the ledger holds it. `address` is bech32, everything else hex. */
export interface Utxo {
  reference: OutputReference;
  address: string;
  lovelace: bigint;
  assets: AssetQuantity[];
  /** CBOR of the inline datum. */
  inlineDatum?: string;
  /** Set when the output names its datum by hash only. */
  datumHash?: string;
  referenceScriptHash?: string;
}

export interface CostModels {
  plutusV1: number[];
  plutusV2: number[];
  plutusV3: number[];
}

/** The epoch's parameters as far as a transaction builder or a checker needs them. Never cached across epochs by a source. */
export interface ProtocolParameters {
  epoch: number;
  /** Lovelace a byte of transaction. */
  minFeeA: bigint;
  /** Lovelace a transaction. */
  minFeeB: bigint;
  coinsPerUtxoByte: bigint;
  maxTxSize: number;
  maxTxMemory: bigint;
  maxTxSteps: bigint;
  maxBlockMemory: bigint;
  maxBlockSteps: bigint;
  /** Lovelace a unit of memory; a fraction. */
  priceMemory: number;
  /** Lovelace a step; a fraction. */
  priceSteps: number;
  /** Collateral in percent of the fee. */
  collateralPercent: number;
  maxCollateralInputs: number;
  /** Lovelace a byte of reference script. */
  referenceScriptFeePerByte: number;
  maxValueSize: number;
  keyDeposit: bigint;
  poolDeposit: bigint;
  /** Always fetched live: a stale list changes the script data hash. */
  costModels: CostModels;
}

export interface Tip {
  slot: number;
  height: number;
  hash: string;
  /** Start of the tip's slot, POSIX ms. */
  timeMs: number;
}

/** `unknown`: the source has not heard of it. A public source shows a transaction in its mempool as `unknown` too. */
export type TransactionStatus =
  | { state: 'unknown' }
  | { state: 'pending' }
  /** `confirmations` counts the blocks on top: 0 when its block is the tip. */
  | { state: 'confirmed'; blockHeight: number; slot: number; timeMs: number; confirmations: number };

export type RedeemerTag = 'spend' | 'mint' | 'certificate' | 'withdrawal' | 'vote' | 'propose';

export interface RedeemerBudget {
  tag: RedeemerTag;
  index: number;
  memory: bigint;
  steps: bigint;
}

/** Which slot begins when, of one network. */
export interface SlotConfig {
  zeroTimeMs: number;
  zeroSlot: number;
  slotLengthMs: number;
}

export interface OutputState {
  utxo: Utxo;
  /** Transaction that spent it, null while it is unspent. */
  spentBy: string | null;
}

/**
 * A Cardano data source. Throws NunetError `chain-unavailable` when the source does not answer, answers too much or
 * answers nonsense, and `chain-rejected` when the ledger refused a transaction (submit, evaluate) with its reason.
 * A failing source is never an empty wallet.
 */
export interface Chain {
  readonly slotConfig: SlotConfig;
  utxos(address: string, options?: { asset?: AssetId; signal?: AbortSignal }): Promise<Utxo[]>;
  /** Null: no such transaction on chain, or it has no such output. */
  output(reference: OutputReference, signal?: AbortSignal): Promise<OutputState | null>;
  parameters(signal?: AbortSignal): Promise<ProtocolParameters>;
  tip(signal?: AbortSignal): Promise<Tip>;
  transaction(txId: string, signal?: AbortSignal): Promise<TransactionStatus>;
  /** The transaction id. Sent once: when the answer is lost, the chain is asked whether the transaction arrived. */
  submit(transactionCbor: string, signal?: AbortSignal): Promise<string>;
  /** What each redeemer really uses. */
  evaluate(transactionCbor: string, signal?: AbortSignal): Promise<RedeemerBudget[]>;
}

/** What a wallet is found again with when its journals are lost. */
export interface ChainRecall {
  /** Transactions in blocks that touched an address, newest first, at most `limit`; `more`: there are older ones. */
  history(address: string, options: { limit: number; signal?: AbortSignal | undefined }): Promise<{ txIds: string[]; more: boolean }>;
  /** Unspent outputs of a script under whatever stake credential. Null: this source cannot tell. */
  scriptUtxos(scriptHash: string, signal?: AbortSignal): Promise<Utxo[] | null>;
}

/** A data source as it is opened: it also shows what a transaction did, and what an address did before. */
export interface Source extends Chain, ChainRecall {
  /** Magic number of its genesis; left out where it was opened without looking at one. */
  readonly networkMagic?: number;
  /** The transaction from bytes that hash to `txId`, so that the source cannot lie about it. Null: not on chain. */
  rawTransaction(txId: string, signal?: AbortSignal): Promise<Transaction | null>;
}

/** The slot that holds `timeMs`. */
export const slotOf = (timeMs: number, config: SlotConfig): number =>
  config.zeroSlot + Math.floor((timeMs - config.zeroTimeMs) / config.slotLengthMs);

/** When `slot` begins, POSIX ms. */
export const timeOf = (slot: number, config: SlotConfig): number => config.zeroTimeMs + (slot - config.zeroSlot) * config.slotLengthMs;
