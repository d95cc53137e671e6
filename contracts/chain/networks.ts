// Which genesis belongs to which network, and which slot begins when there.
import { NunetError } from '@nunet/shared/errors.ts';
import type { Network } from '@nunet/shared/fields.ts';
import type { SlotConfig } from './chain.ts';

const MAGIC: Partial<Record<Network, number>> = { preprod: 1, preview: 2 };
const MAINNET_MAGIC = 764_824_073;
/** Shelley eras of the public test networks; a devnet tells its own in its genesis. */
const SLOT_CONFIGS: Partial<Record<Network, SlotConfig>> = {
  preprod: { zeroTimeMs: 1_655_769_600_000, zeroSlot: 86_400, slotLengthMs: 1_000 },
  preview: { zeroTimeMs: 1_666_656_000_000, zeroSlot: 0, slotLengthMs: 1_000 },
};

export interface Genesis {
  magic: number;
  systemStartSeconds: number;
  slotLengthSeconds: number;
}

/** The slot config of a source for `network`. Throws `chain-wrong-network` when its genesis is another network's, and never takes mainnet's. */
export function slotConfigOf(network: Network, { magic, systemStartSeconds, slotLengthSeconds }: Genesis): SlotConfig {
  const wanted = MAGIC[network];
  const isPublic = magic === MAINNET_MAGIC || Object.values(MAGIC).includes(magic);
  if (wanted === undefined ? isPublic : magic !== wanted) {
    throw new NunetError(
      'chain-wrong-network',
      `Cannot use the source for ${network}: its network magic is ${magic}, want ${wanted ?? "a devnet's"}`,
    );
  }
  return SLOT_CONFIGS[network] ?? { zeroTimeMs: systemStartSeconds * 1000, zeroSlot: 0, slotLengthMs: slotLengthSeconds * 1000 };
}
