// The contract's builders with Mesh beneath them, and the names of Node that Mesh wants set before it loads.
import './mesh-shims/globals.ts';
import type { Builders } from '@nunet/contracts/job-escrow.ts';
import { buildLock } from '@nunet/contracts/lock.ts';
import { buildReclaim } from '@nunet/contracts/reclaim.ts';
import { buildSettle } from '@nunet/contracts/settle.ts';

export const meshBuilders: Builders = { lock: buildLock, reclaim: buildReclaim, settle: buildSettle };
