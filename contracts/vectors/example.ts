// The datum of the golden vectors: every field different, one party staked by a key, the other without stake.
import type { EscrowDatum } from '@nunet/shared/lock.ts';
import { addressOf } from '../address.ts';

const bytes = (byte: string, count: number): string => byte.repeat(count);

export const exampleDatum: EscrowDatum = {
  serviceProvider: addressOf({ payment: { kind: 'key', hash: bytes('a1', 28) }, stake: { kind: 'key', hash: bytes('a2', 28) } }),
  computeProvider: addressOf({ payment: { kind: 'script', hash: bytes('b1', 28) } }),
  voucherKey: bytes('c1', 32),
  closeKey: bytes('c2', 32),
  oracleKeys: [bytes('d1', 32), bytes('d2', 32), bytes('d3', 32)],
  k: 2,
  asset: { policyId: '88b60b51a3dcd3a6134bb1c0fdd2837d8cc87abd27dbd0c3a494869f', assetName: '4e754e657450726570726f64' },
  reclaimAfter: 1_800_000_000_000,
  settleLovelace: 2_000_000n,
  quoteHash: bytes('e1', 32),
};
