// What the agent and its computing child tell each other. Both are ours; what a peer sent is in here only as parsed numbers.
import type { ComputeWay } from './matrix-product.ts';

export type ToCompute =
  /** Best of several runs, within about `budgetMs`. */
  | { type: 'flops'; size: number; threads: number; way: ComputeWay; budgetMs: number }
  | { type: 'memory'; bytes: number; budgetMs: number }
  | { type: 'commit'; nonce: string; size: number; threads: number }
  | { type: 'open'; rows: number[] };

export type FromCompute =
  | { type: 'rate'; perSecond: number }
  | { type: 'committed'; root: string; elapsedMs: number }
  | { type: 'opened'; rows: { row: number; values: Uint8Array; path: string[] }[] }
  | { type: 'failed'; message: string };
