import fc from 'fast-check';
import { billedPay } from '@nunet/shared/quote.ts';
import { expect, it } from 'vitest';
import { priceOf, rateOf } from './pricing.ts';

const prices = { cpuHour: 1_000_000n, memoryGibHour: 100_000n, gpuHour: 10_000_000n, minimum: 20_000n };

it('adds CPUs, memory and GPUs, and rounds a part of a GiB up', () => {
  expect(rateOf(prices, { cpus: 2, memoryBytes: 2 ** 30, diskBytes: 0, gpus: 1 })).toBe(12_100_000n);
  expect(rateOf({ ...prices, memoryGibHour: 3n }, { cpus: 0, memoryBytes: 2 ** 29, diskBytes: 0, gpus: 0 })).toBe(2n);
});

it('caps a quote at rate times time limit, and never below the minimum', () => {
  const resources = { cpus: 1, memoryBytes: 0, diskBytes: 0, gpus: 0 };
  expect(priceOf(prices, resources, 3_600_000)).toEqual({
    rateBaseUnitsPerHour: 1_000_000n,
    minimumBaseUnits: 20_000n,
    amountBaseUnits: 1_000_000n,
  });
  expect(priceOf(prices, resources, 1_000).amountBaseUnits).toBe(20_000n);
});

it('cannot bill more than the cap, whatever time was used', () => {
  const amount = fc.bigInt(0n, 10n ** 12n);
  const time = fc.integer({ min: 100, max: 86_400_000 });
  fc.assert(
    fc.property(amount, amount, time, time, (cpuHour, minimum, limitMs, usedMs) => {
      const price = priceOf({ ...prices, cpuHour, minimum }, { cpus: 3, memoryBytes: 2 ** 31, diskBytes: 0, gpus: 0 }, limitMs);
      const pay = billedPay(price, usedMs);
      expect(pay <= price.amountBaseUnits && pay >= minimum).toBe(true);
    }),
  );
});
