import { configChange } from '@nunet/shared/owner-command.ts';
import type { OwnerSettings } from '@nunet/shared/owner-views.ts';
import { expect, test } from 'vitest';
import { changeOf, formOf } from './change-form.ts';

const settings: OwnerSettings = {
  prices: { cpuHour: '1', memoryGibHour: '0.2', gpuHour: '5', minimum: '0.01' },
  share: { cpus: 50, memory: 40, disk: 10 },
  hours: { from: '20:00', to: '08:00' },
  kinds: ['onnx'],
  maxTimeLimitMs: 5_400_000,
  telemetry: false,
};
const form = formOf(settings);

test('what is not touched is no change, whatever the machine has', () => {
  expect(changeOf(settings, form)).toEqual({ change: null });
  const odd = {
    ...settings,
    share: { cpus: 33.3, memory: 40, disk: 10 },
    hours: null,
    kinds: ['onnx', 'container'],
    maxTimeLimitMs: 1_234,
  };
  expect(changeOf(odd, formOf(odd))).toEqual({ change: null });
  // Hours that are not in force are nobody's.
  expect(changeOf(odd, { ...formOf(odd), from: '01:00' })).toEqual({ change: null });
});

test('only what is different is sent, and the agent’s parser takes it', () => {
  const changes: [Partial<typeof form>, object][] = [
    [{ prices: { ...form.prices, cpuHour: ' 1.5 ' } }, { prices: { ...settings.prices, cpuHour: '1.5' } }],
    [{ share: { ...form.share, disk: '90' } }, { share: { cpus: 50, memory: 40, disk: 90 } }],
    [{ isLimited: false }, { hours: null }],
    [{ from: '22:30' }, { hours: { from: '22:30', to: '08:00' } }],
    [{ kinds: { onnx: false, container: true } }, { kinds: ['container'] }],
    [{ longestHours: '2,5' }, { maxTimeLimitMs: 9_000_000 }],
    [{ telemetry: true }, { telemetry: true }],
  ];
  for (const [typed, change] of changes) {
    expect(changeOf(settings, { ...form, ...typed })).toEqual({ change });
    expect(configChange.parse(change)).toEqual(change);
  }
});

test('cannot be sent with a price, share, time, kind or length that is none', () => {
  const wrong: [Partial<typeof form>, string][] = [
    [{ prices: { ...form.prices, minimum: 'free' } }, 'price'],
    [{ prices: { ...form.prices, minimum: '-1' } }, 'price'],
    [{ share: { ...form.share, cpus: '9' } }, 'percent'],
    [{ share: { ...form.share, cpus: '91' } }, 'percent'],
    [{ share: { ...form.share, cpus: '50.5' } }, 'percent'],
    [{ from: '8:00' }, 'clock'],
    [{ from: '08:00' }, 'clock'],
    [{ kinds: { onnx: false, container: false } }, 'kinds'],
    [{ longestHours: '0' }, 'longest'],
    [{ longestHours: 'long' }, 'longest'],
    [{ longestHours: '721' }, 'longest'],
  ];
  for (const [typed, problem] of wrong) expect(changeOf(settings, { ...form, ...typed }), JSON.stringify(typed)).toEqual({ problem });
});
