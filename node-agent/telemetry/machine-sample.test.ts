import { expect, test } from 'vitest';
import { cpuTicks, machineSampler } from './machine-sample.ts';

function sampler() {
  const at = { clock: 0, ticks: { busy: 0, all: 0 }, asked: 0 };
  const sample = machineSampler({
    elapsed: () => at.clock,
    ticks: () => ({ ...at.ticks }),
    temperature: () => {
      at.asked += 1;
      return Promise.resolve(55);
    },
  });
  return { at, sample };
}

test('how busy the CPUs are is over the time since the last look, and nothing is said too early', async () => {
  const { at, sample } = sampler();
  at.clock = 100;
  at.ticks = { busy: 50, all: 100 };
  expect((await sample()).cpuBusyPercent).toBeNull();
  at.clock = 1_000;
  at.ticks = { busy: 250, all: 1_000 };
  expect((await sample()).cpuBusyPercent).toBe(25);
  at.clock = 1_100;
  at.ticks = { busy: 350, all: 1_100 };
  expect((await sample()).cpuBusyPercent).toBe(25);
  at.clock = 2_000;
  at.ticks = { busy: 1_250, all: 2_000 };
  expect((await sample()).cpuBusyPercent).toBe(100);
});

test('sensors are asked twice a minute at most', async () => {
  const { at, sample } = sampler();
  for (; at.clock < 30_000; at.clock += 1_000) expect((await sample()).temperatureC).toBe(55);
  expect(at.asked).toBe(1);
  at.clock = 31_000;
  await sample();
  expect(at.asked).toBe(2);
});

test('this machine answers', async () => {
  const ticks = cpuTicks();
  expect(ticks.all).toBeGreaterThan(ticks.busy);
  const { memoryUsedPercent, temperatureC } = await machineSampler({ elapsed: () => 0 })();
  expect(memoryUsedPercent).toBeGreaterThan(0);
  expect(memoryUsedPercent).toBeLessThanOrEqual(100);
  // A virtual machine has no sensor.
  if (temperatureC !== null) expect(Number.isInteger(temperatureC)).toBe(true);
});
