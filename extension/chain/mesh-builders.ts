// The contract's builders and the wallet's with Mesh beneath them, and the names of Node that Mesh wants set before it loads.
import './mesh-shims/globals.ts';
import { buildLock } from '@nunet/contracts/lock.ts';
import { buildPayment } from '@nunet/contracts/payment.ts';
import { buildReclaim } from '@nunet/contracts/reclaim.ts';
import { buildSettle } from '@nunet/contracts/settle.ts';
import type { WorkerBuilders } from './transaction-worker.ts';

export const meshBuilders: WorkerBuilders = { lock: buildLock, reclaim: buildReclaim, settle: buildSettle, pay: buildPayment };
