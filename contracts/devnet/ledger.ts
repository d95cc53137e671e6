// The devnet's chain: a mempool, blocks, and the controls that make trouble on purpose. It has no timer and no clock of its own.
import { blake2b } from '@noble/hashes/blake2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText, type OutputReference } from '@nunet/shared/fields.ts';
import { slotOf, timeOf, type SlotConfig } from '../chain/chain.ts';
import type { Transaction, TransactionOutput } from '../chain/transaction.ts';
import { applyTransaction, initialState, type LedgerState, type Rejection } from './emulator.ts';
import { MAX_BLOCK_BODY_BYTES, PARAMETERS } from './parameters.ts';
import { UtxoIndex } from './utxo-index.ts';

/** How many blocks can be rolled back; older states of the ledger are let go. */
const ROLLBACK_DEPTH = 1_000;
/** Empty blocks beyond this are forgotten, so that a devnet may run for weeks. */
const EMPTY_BLOCKS_KEPT = 5_000;
const TRANSACTIONS_KEPT = 20_000;
const DROPPED_KEPT = 200;

export interface Block {
  height: number;
  slot: number;
  hash: string;
  previousHash: string;
  txIds: string[];
  sizeBytes: number;
  fees: bigint;
  /** Sum of all outputs. */
  output: bigint;
}

export interface ConfirmedTransaction {
  transaction: Transaction;
  block: Block;
  indexInBlock: number;
}

interface Pending {
  transaction: Transaction;
  /** The ledger after this transaction and all before it in the mempool. */
  after: LedgerState;
  /** Blocks that this transaction is still held back for. */
  heldBlocks: number;
}

export interface Dropped {
  txId: string;
  slot: number;
  reason: string;
}

export type Submitted = { txId: string } | { rejection: Rejection };

export interface LedgerEvent {
  block: Block;
  /** Blocks that `block`'s fork replaced. */
  rolledBack: number;
}

export interface LedgerOptions {
  now: () => number;
  slotConfig: SlotConfig;
  networkMagic: number;
  /** A transaction without inputs; its outputs are all there is. */
  genesis: Transaction;
  mempoolLimit?: number;
}

export class Ledger {
  readonly slotConfig: SlotConfig;
  readonly networkMagic: number;
  readonly utxos = new UtxoIndex();
  readonly #now: () => number;
  readonly #mempoolLimit: number;
  readonly #blocks = new Map<number, Block>();
  readonly #heights = new Map<string, number>();
  readonly #states = new Map<number, LedgerState>();
  readonly #transactions = new Map<string, ConfirmedTransaction>();
  readonly #dropped: Dropped[] = [];
  readonly #listeners = new Set<(event: LedgerEvent) => void>();
  readonly #doomed = new Set<string>();
  readonly #held = new Map<string, number>();
  #mempool: Pending[] = [];
  #tip: Block;
  #advancedMs = 0;
  #forks = 0;
  #dropNext = 0;
  #holdNext: { transactions: number; blocks: number } = { transactions: 0, blocks: 0 };

  constructor({ now, slotConfig, networkMagic, genesis, mempoolLimit = 2_000 }: LedgerOptions) {
    this.#now = now;
    this.#mempoolLimit = mempoolLimit;
    this.slotConfig = slotConfig;
    this.networkMagic = networkMagic;
    this.#tip = this.#append(0, this.currentSlotOf(0), [genesis], initialState(genesis.outputs, slotConfig), '0'.repeat(64));
  }

  get tip(): Block {
    return this.#tip;
  }

  /** The emulator's own state at the tip, for audits of the index beside it. */
  get state(): LedgerState {
    return this.#stateAt(this.#tip.height);
  }

  get pending(): Transaction[] {
    return this.#mempool.map((entry) => entry.transaction);
  }

  /** What the mempool let go of, newest first. */
  get dropped(): readonly Dropped[] {
    return this.#dropped;
  }

  /** Slot of a block made now; never before the tip's. */
  get currentSlot(): number {
    return this.currentSlotOf(this.#tip.slot);
  }

  block(heightOrHash: number | string): Block | undefined {
    return this.#blocks.get(typeof heightOrHash === 'number' ? heightOrHash : (this.#heights.get(heightOrHash) ?? -1));
  }

  transaction(txId: string): ConfirmedTransaction | undefined {
    return this.#transactions.get(txId);
  }

  /** The newest confirmed transactions, newest first. */
  recent(count: number): ConfirmedTransaction[] {
    return [...this.#transactions.values()].slice(-count).toReversed();
  }

  blockTimeMs(block: Block): number {
    return timeOf(block.slot, this.slotConfig);
  }

  subscribe(listener: (event: LedgerEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves with the next block that is made. */
  nextBlock(signal?: AbortSignal): Promise<Block> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const done = (): void => {
        unsubscribe();
        signal?.removeEventListener('abort', aborted);
      };
      const aborted = (): void => {
        done();
        reject(signal?.reason as Error);
      };
      const unsubscribe = this.subscribe(({ block }) => {
        done();
        resolve(block);
      });
      signal?.addEventListener('abort', aborted);
    });
  }

  /** Validates against the tip and everything pending, at the slot of the block being made. */
  submit(transaction: Transaction): Submitted {
    if (this.#mempool.length >= this.#mempoolLimit)
      return { rejection: { rule: 'MempoolFull', reason: `${this.#mempoolLimit} transactions are waiting`, logs: [] } };
    if (transaction.inputs.length === 0)
      return { rejection: { rule: 'InputSetEmptyUTxO', reason: 'A transaction needs an input', logs: [] } };
    const applied = applyTransaction(this.#pendingState(), transaction, this.currentSlot);
    if ('rejection' in applied) return applied;
    const id = transaction.id;
    if (this.#dropNext > 0 || this.#doomed.delete(id)) {
      if (this.#dropNext > 0) this.#dropNext -= 1;
      this.#report(id, 'dropped on request');
      return { txId: id };
    }
    let heldBlocks = this.#held.get(id) ?? 0;
    this.#held.delete(id);
    if (this.#holdNext.transactions > 0) {
      this.#holdNext.transactions -= 1;
      heldBlocks = Math.max(heldBlocks, this.#holdNext.blocks);
    }
    this.#mempool.push({ transaction, after: applied.state, heldBlocks });
    return { txId: id };
  }

  /** The outputs that a transaction names, at the tip or pending; `missing` are unknown or spent. */
  resolve(transaction: Transaction): { resolved: TransactionOutput[]; missing: OutputReference[] } {
    const named = [...transaction.inputs, ...transaction.referenceInputs, ...transaction.collateralInputs];
    const unique = new Map(named.map((reference) => [referenceText(reference), reference]));
    const resolved: TransactionOutput[] = [];
    const missing: OutputReference[] = [];
    for (const reference of unique.values()) {
      const output = this.#visible(reference);
      if (output === undefined) missing.push(reference);
      else resolved.push(output);
    }
    return { resolved, missing };
  }

  /** Unspent outputs at an address as a new transaction may use them: the tip's and the mempool's, less what is pending. */
  spendable(address: string): TransactionOutput[] {
    const spent = new Set(this.#mempool.flatMap((entry) => entry.transaction.inputs.map(referenceText)));
    const fresh = this.#mempool.flatMap((entry) => entry.transaction.outputs.filter((output) => output.address === address));
    return [...this.utxos.at(address), ...fresh].filter(({ reference }) => !spent.has(referenceText(reference)));
  }

  /** Makes the next block of what is pending, valid and fits. An expired transaction is dropped and reported. */
  makeBlock(): Block {
    const slot = this.currentSlot;
    const size = { bytes: 0, memory: 0n, steps: 0n };
    const fits = (transaction: Transaction): boolean => {
      const bytes = size.bytes + transaction.raw.length;
      const memory = transaction.redeemers.reduce((sum, redeemer) => sum + redeemer.memory, size.memory);
      const steps = transaction.redeemers.reduce((sum, redeemer) => sum + redeemer.steps, size.steps);
      if (bytes > MAX_BLOCK_BODY_BYTES || memory > PARAMETERS.maxBlockMemory || steps > PARAMETERS.maxBlockSteps) return false;
      Object.assign(size, { bytes, memory, steps });
      return true;
    };
    const isOpen = ({ validUntil }: Transaction): boolean => validUntil === null || slot < validUntil;
    const included: Transaction[] = [];
    let state = this.#stateAt(this.#tip.height);
    // Only the validity interval depends on the slot, so while nothing is held or expired the states made at submission still hold.
    let taken = 0;
    const inOrder = this.#mempool.every((entry) => entry.heldBlocks === 0 && isOpen(entry.transaction));
    if (inOrder) {
      for (const entry of this.#mempool) {
        if (!fits(entry.transaction)) break;
        included.push(entry.transaction);
        state = entry.after;
        taken += 1;
      }
      this.#mempool = this.#mempool.slice(taken);
    } else {
      const waiting: Pending[] = [];
      for (const entry of this.#mempool) {
        const held = entry.heldBlocks > 0;
        const applied = held ? null : applyTransaction(state, entry.transaction, slot);
        if (applied !== null && 'state' in applied && fits(entry.transaction)) {
          state = applied.state;
          included.push(entry.transaction);
        } else waiting.push({ ...entry, heldBlocks: Math.max(0, entry.heldBlocks - 1) });
      }
      this.#mempool = this.#revalidate(waiting, state, slot);
    }
    const block = this.#append(this.#tip.height + 1, slot, included, state, this.#tip.hash);
    this.#prune();
    this.#emit({ block, rolledBack: 0 });
    return block;
  }

  /** Moves chain time on by `slots`, then makes `blocks` blocks, each a slot after the one before. */
  advance({ slots, blocks }: { slots: number; blocks: number }): Block {
    this.#advancedMs += slots * this.slotConfig.slotLengthMs;
    for (let made = 0; made < blocks; made++) {
      if (made > 0) this.#advancedMs += this.slotConfig.slotLengthMs;
      this.makeBlock();
    }
    return this.#tip;
  }

  /** Takes a transaction out of the mempool, or throws it away as soon as it comes. True when it was there. */
  drop(txId: string): boolean {
    const rest = this.#mempool.filter((entry) => entry.transaction.id !== txId);
    const found = rest.length < this.#mempool.length;
    if (found) {
      this.#report(txId, 'dropped on request');
      this.#mempool = this.#revalidate(rest, this.#stateAt(this.#tip.height), this.currentSlot);
    } else this.#remember(this.#doomed, txId);
    return found;
  }

  /** The next `count` transactions are accepted and then lost. */
  dropNext(count: number): void {
    this.#dropNext = count;
  }

  /** Holds a transaction back for `blocks` blocks, whether it is here already or comes later. */
  delay(txId: string, blocks: number): void {
    const entry = this.#mempool.find((pending) => pending.transaction.id === txId);
    if (entry !== undefined) entry.heldBlocks = blocks;
    else if (this.#held.size < DROPPED_KEPT) this.#held.set(txId, blocks);
  }

  delayNext(count: number, blocks: number): void {
    this.#holdNext = { transactions: count, blocks };
  }

  /**
   * Replaces the last `depth` blocks by a fork one block longer that holds none of their transactions, which return
   * to the mempool or vanish. Height and time never go back, as on a real chain where the longer fork wins.
   */
  rollback(depth: number, transactions: 'return' | 'vanish'): Block {
    const height = this.#tip.height - depth;
    const state = this.#states.get(height);
    if (depth < 1 || height < 0 || state === undefined) {
      throw new NunetError(
        'rollback-too-deep',
        `Cannot roll back ${depth} blocks: ${this.#tip.height} are there, the last ${ROLLBACK_DEPTH} can be replaced`,
      );
    }
    const removed: Transaction[] = [];
    const slots: number[] = [];
    for (let top = this.#tip.height; top > height; top--) {
      const block = this.#blocks.get(top);
      if (block === undefined) continue;
      slots.unshift(block.slot);
      for (const txId of block.txIds.toReversed()) {
        const confirmed = this.#transactions.get(txId);
        if (confirmed === undefined) continue;
        this.utxos.undo(confirmed.transaction);
        this.#transactions.delete(txId);
        removed.unshift(confirmed.transaction);
      }
      this.#blocks.delete(top);
      this.#heights.delete(block.hash);
      this.#states.delete(top);
    }
    const slot = this.currentSlot;
    this.#forks += 1;
    const base = this.#blocks.get(height);
    if (base === undefined) throw new NunetError('rollback-too-deep', `Cannot roll back to block ${height}: it is forgotten`);
    this.#tip = base;
    for (const replaced of [...slots, slot]) this.#append(this.#tip.height + 1, replaced, [], state, this.#tip.hash);
    if (transactions === 'vanish') for (const transaction of removed) this.#report(transaction.id, 'rolled back on request');
    const back = transactions === 'return' ? removed.map((transaction): Pending => ({ transaction, after: state, heldBlocks: 0 })) : [];
    this.#mempool = this.#revalidate([...back, ...this.#mempool], state, slot);
    this.#prune();
    this.#emit({ block: this.#tip, rolledBack: depth });
    return this.#tip;
  }

  currentSlotOf(least: number): number {
    return Math.max(least, slotOf(this.#now() + this.#advancedMs, this.slotConfig));
  }

  #stateAt(height: number): LedgerState {
    const state = this.#states.get(height);
    if (state === undefined) throw new NunetError('ledger-disagrees', `Cannot use the ledger's state at block ${height}: it is forgotten`);
    return state;
  }

  #pendingState(): LedgerState {
    return this.#mempool.at(-1)?.after ?? this.#stateAt(this.#tip.height);
  }

  #visible(reference: OutputReference): TransactionOutput | undefined {
    const indexed = this.utxos.find(reference);
    if (indexed !== undefined) return indexed.spentBy === null ? indexed.output : undefined;
    const pending = this.#mempool.find((entry) => entry.transaction.id === reference.txId);
    return pending?.transaction.outputs[reference.index];
  }

  /** Runs the entries again on top of `state`; what no longer applies is dropped and reported. */
  #revalidate(entries: Pending[], state: LedgerState, slot: number): Pending[] {
    const kept: Pending[] = [];
    let current = state;
    for (const entry of entries) {
      const applied = applyTransaction(current, entry.transaction, slot);
      if ('state' in applied) {
        current = applied.state;
        kept.push({ ...entry, after: current });
      } else this.#report(entry.transaction.id, `${applied.rejection.rule}: ${applied.rejection.reason}`);
    }
    return kept;
  }

  #append(height: number, slot: number, transactions: Transaction[], state: LedgerState, previousHash: string): Block {
    const txIds = transactions.map((transaction) => transaction.id);
    const block: Block = {
      height,
      slot,
      hash: bytesToHex(
        blake2b(utf8ToBytes([this.networkMagic, this.#forks, previousHash, height, slot, ...txIds].join('|')), { dkLen: 32 }),
      ),
      previousHash,
      txIds,
      sizeBytes: transactions.reduce((sum, transaction) => sum + transaction.raw.length, 0),
      fees: transactions.reduce((sum, transaction) => sum + transaction.fee, 0n),
      output: transactions.reduce((sum, transaction) => transaction.outputs.reduce((inner, output) => inner + output.lovelace, sum), 0n),
    };
    for (const [indexInBlock, transaction] of transactions.entries()) {
      this.utxos.apply(transaction);
      this.#transactions.set(transaction.id, { transaction, block, indexInBlock });
    }
    this.#blocks.set(height, block);
    this.#heights.set(block.hash, height);
    this.#states.set(height, state);
    this.#tip = block;
    return block;
  }

  #prune(): void {
    this.#states.delete(this.#tip.height - ROLLBACK_DEPTH - 1);
    const old = this.#blocks.get(this.#tip.height - EMPTY_BLOCKS_KEPT);
    if (old !== undefined && old.txIds.length === 0) {
      this.#blocks.delete(old.height);
      this.#heights.delete(old.hash);
    }
    let tries = 100;
    for (const [txId, entry] of this.#transactions) {
      if (this.#transactions.size <= TRANSACTIONS_KEPT || tries === 0) return;
      if (entry.block.height > this.#tip.height - ROLLBACK_DEPTH) return;
      tries -= 1;
      this.#transactions.delete(txId);
      // One that still has unspent outputs goes to the end of the queue.
      if (!this.utxos.forget(entry.transaction)) this.#transactions.set(txId, entry);
    }
  }

  #remember(set: Set<string>, value: string): void {
    if (set.size < DROPPED_KEPT) set.add(value);
  }

  #report(txId: string, reason: string): void {
    this.#dropped.unshift({ txId, slot: this.currentSlot, reason });
    this.#dropped.length = Math.min(this.#dropped.length, DROPPED_KEPT);
  }

  #emit(event: LedgerEvent): void {
    for (const listener of this.#listeners) listener(event);
  }
}
