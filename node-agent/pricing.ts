// Pricing: the owner's prices an hour and the rate of one reservation. Base units, rounded up in the owner's favour once, at the end.
import type { Resources } from '@nunet/shared/job-spec.ts';
import { quotedAmount } from '@nunet/shared/quote.ts';

const GIB = 2n ** 30n;

/** Base units of the network's asset. */
export interface Prices {
  cpuHour: bigint;
  memoryGibHour: bigint;
  gpuHour: bigint;
  /** The least that a job pays, whatever it uses. */
  minimum: bigint;
}

/** Terms of a job that is paid by vouchers, in percent of its amount. */
export interface StreamShares {
  /** Left open until there are outputs; at least the minimum charge. */
  holdBack: number;
  /** What may be due beyond the last voucher before the job stands still. */
  maxUnpaid: number;
}
export const STREAM_SHARES: StreamShares = { holdBack: 10, maxUnpaid: 20 };

/** Base units an hour for the reserved capacity. */
export function rateOf(prices: Prices, resources: Resources): bigint {
  const memory = prices.memoryGibHour * BigInt(resources.memoryBytes);
  return prices.cpuHour * BigInt(resources.cpus) + (memory + GIB - 1n) / GIB + prices.gpuHour * BigInt(resources.gpus);
}

/** Rate and cap of a quote. */
export function priceOf(prices: Prices, resources: Resources, timeLimitMs: number) {
  const rateBaseUnitsPerHour = rateOf(prices, resources);
  return {
    rateBaseUnitsPerHour,
    minimumBaseUnits: prices.minimum,
    amountBaseUnits: quotedAmount(rateBaseUnitsPerHour, timeLimitMs, prices.minimum),
  };
}
