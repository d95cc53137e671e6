// What the runner and the transaction worker say to each other over one port. The worker runs a large library of strangers and holds
// no key: what it says is parsed, and every transaction is reviewed before it is signed (extension/chain/review.ts).
import type { RedeemerBudget } from '@nunet/contracts/chain/chain.ts';
import type { LockRequest } from '@nunet/contracts/lock.ts';
import type { PaymentRequest } from '@nunet/contracts/payment-order.ts';
import type { ReclaimRequest } from '@nunet/contracts/reclaim.ts';
import type { SettleRequest } from '@nunet/contracts/settle.ts';
import { z } from 'zod';

/** What spends a lock, without the way to have its script evaluated: that is asked for over the port. */
type Plain<Request extends ReclaimRequest | SettleRequest> = Omit<Request, 'run'> & { run: Omit<Request['run'], 'evaluate'> };
export type PlainReclaim = Plain<ReclaimRequest>;
export type PlainSettle = Plain<SettleRequest>;

/** Runner -> worker. `id` counts requests, `call` the evaluations of one. */
export type ToTransactionWorker =
  | { type: 'lock'; id: number; request: LockRequest; now: number }
  | { type: 'reclaim'; id: number; request: PlainReclaim; now: number }
  | { type: 'settle'; id: number; request: PlainSettle }
  | { type: 'pay'; id: number; request: PaymentRequest }
  | { type: 'evaluated'; id: number; call: number; budgets: RedeemerBudget[] }
  | { type: 'not-evaluated'; id: number; call: number; code: string; message: string }
  | { type: 'cancel'; id: number };

const id = z.int().min(0);
/** The ledger takes 16 KiB; a larger one is no transaction. */
const cbor = z.string().regex(/^([0-9a-f]{2}){1,16384}$/);

/** Worker -> runner. */
export const fromTransactionWorker = z.discriminatedUnion('type', [
  /** Everything is loaded. */
  z.strictObject({ type: z.literal('ready') }),
  z.strictObject({ type: z.literal('built'), id, cbor }),
  z.strictObject({ type: z.literal('failed'), id, code: z.string().regex(/^[a-z0-9-]{1,60}$/), message: z.string().max(4000) }),
  z.strictObject({ type: z.literal('evaluate'), id, call: z.int().min(0).max(50), cbor }),
]);
export type FromTransactionWorker = z.infer<typeof fromTransactionWorker>;
