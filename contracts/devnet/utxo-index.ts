// Every output of the chain by reference and by address, with an undo for rollbacks.
import { referenceText, type OutputReference } from '@nunet/shared/fields.ts';
import { effectOf, type Script, type Transaction, type TransactionOutput } from '../chain/transaction.ts';

export interface IndexedOutput {
  output: TransactionOutput;
  spentBy: string | null;
}

export class UtxoIndex {
  readonly #outputs = new Map<string, IndexedOutput>();
  readonly #unspent = new Map<string, Map<string, TransactionOutput>>();
  readonly #touched = new Map<string, Set<string>>();
  readonly #scripts = new Map<string, Script>();
  readonly #datums = new Map<string, string>();

  find(reference: OutputReference): IndexedOutput | undefined {
    return this.#outputs.get(referenceText(reference));
  }

  /** Unspent outputs in the order in which they were made. */
  at(address: string): TransactionOutput[] {
    return [...(this.#unspent.get(address)?.values() ?? [])];
  }

  /** Addresses that were ever paid and whose bytes satisfy `test`, in the order in which they came up. */
  addresses(test: (address: string) => boolean): string[] {
    return [...this.#touched.keys()].filter(test);
  }

  /** Ids of the transactions that paid to or spent from an address, oldest first. */
  transactionsAt(address: string): string[] {
    return [...(this.#touched.get(address) ?? [])];
  }

  knows(address: string): boolean {
    return this.#touched.has(address);
  }

  script(hash: string): Script | undefined {
    return this.#scripts.get(hash);
  }

  datum(hash: string): string | undefined {
    return this.#datums.get(hash);
  }

  /** Every unspent output, for an audit. */
  *unspent(): Generator<TransactionOutput> {
    for (const outputs of this.#unspent.values()) yield* outputs.values();
  }

  apply(transaction: Transaction): void {
    const { spent, made } = effectOf(transaction);
    for (const reference of spent) {
      const entry = this.find(reference);
      if (entry === undefined) continue;
      entry.spentBy = transaction.id;
      this.#unspent.get(entry.output.address)?.delete(referenceText(reference));
      this.#touch(entry.output.address, transaction.id);
    }
    for (const output of made) {
      this.#outputs.set(referenceText(output.reference), { output, spentBy: null });
      this.#hold(output);
      this.#touch(output.address, transaction.id);
      if (output.referenceScript !== undefined) this.#scripts.set(output.referenceScript.hash, output.referenceScript);
    }
    for (const script of transaction.scripts) this.#scripts.set(script.hash, script);
    for (const [hash, datum] of transaction.datums) this.#datums.set(hash, datum);
  }

  /** Takes back the newest transaction. Scripts and datums stay known: they are named by their hash. */
  undo(transaction: Transaction): void {
    const { spent, made } = effectOf(transaction);
    for (const output of made) {
      this.#outputs.delete(referenceText(output.reference));
      this.#unspent.get(output.address)?.delete(referenceText(output.reference));
      this.#untouch(output.address, transaction.id);
    }
    for (const reference of spent) {
      const entry = this.find(reference);
      if (entry === undefined) continue;
      entry.spentBy = null;
      this.#hold(entry.output);
      this.#untouch(entry.output.address, transaction.id);
    }
  }

  /** Forgets a transaction whose outputs are all spent; false and nothing done when one is not. */
  forget(transaction: Transaction): boolean {
    const { made } = effectOf(transaction);
    if (made.some((output) => this.find(output.reference)?.spentBy === null)) return false;
    for (const output of made) {
      this.#outputs.delete(referenceText(output.reference));
      this.#untouch(output.address, transaction.id);
    }
    return true;
  }

  #hold(output: TransactionOutput): void {
    const held = this.#unspent.get(output.address) ?? new Map<string, TransactionOutput>();
    held.set(referenceText(output.reference), output);
    this.#unspent.set(output.address, held);
  }

  #touch(address: string, txId: string): void {
    const touched = this.#touched.get(address) ?? new Set<string>();
    touched.add(txId);
    this.#touched.set(address, touched);
  }

  #untouch(address: string, txId: string): void {
    const touched = this.#touched.get(address);
    touched?.delete(txId);
    if (touched?.size === 0) this.#touched.delete(address);
    const held = this.#unspent.get(address);
    if (held?.size === 0) this.#unspent.delete(address);
  }
}
