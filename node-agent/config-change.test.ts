import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ConfigChange } from '@nunet/shared/owner-command.ts';
import { changed, differences, widens } from './config-change.ts';
import type { AgentConfig } from './config.ts';
import { sampleConfig } from './config-fixture.ts';

const config = sampleConfig({ hours: { from: '20:00', to: '08:00' } });
const prices = (change: Partial<AgentConfig['prices']>): ConfigChange => ({ prices: { ...config.prices, ...change } });
const share = (change: Partial<AgentConfig['share']>): ConfigChange => ({ share: { ...config.share, ...change } });
const hours = (from: string, to: string): ConfigChange => ({ hours: { from, to } });

describe('a change', () => {
  it.each<[string, ConfigChange, boolean]>([
    ['of nothing', {}, false],
    ['to the same values', { ...prices({}), ...share({}), hours: config.hours, kinds: ['onnx'], maxTimeLimitMs: 3_600_000 }, false],
    ['to the same price, written otherwise', prices({ cpuHour: '1.000' }), false],
    ['to a higher price', prices({ cpuHour: '1.5' }), false],
    ['to a lower CPU price', prices({ cpuHour: '0.999999' }), true],
    ['to a lower memory price', prices({ memoryGibHour: '0' }), true],
    ['to a lower GPU price', prices({ gpuHour: '4' }), true],
    ['to a lower minimum', prices({ minimum: '0' }), true],
    ['to a smaller share', share({ cpus: 10 }), false],
    ['to a larger share of CPUs', share({ cpus: 51 }), true],
    ['to a larger share of memory', share({ memory: 50.1 }), true],
    ['to a larger share of disk', share({ disk: 90 }), true],
    ['that gives with one hand and takes with the other', { ...share({ cpus: 60 }), ...prices({ cpuHour: '9' }) }, true],
    ['to fewer hours', hours('22:00', '06:00'), false],
    ['to hours within one side of midnight', hours('01:00', '02:00'), false],
    ['to a minute more', hours('20:00', '08:01'), true],
    ['to a minute earlier', hours('19:59', '08:00'), true],
    ['to as many hours at another time', hours('08:00', '20:00'), true],
    ['to all hours', { hours: null }, true],
    ['to another kind as well', { kinds: ['onnx', 'container'] }, true],
    ['to another kind instead', { kinds: ['container'] }, true],
    ['to a shorter time limit', { maxTimeLimitMs: 60_000 }, false],
    ['to a longer time limit', { maxTimeLimitMs: 3_600_001 }, true],
    ['that tells operators more', { telemetry: true }, true],
  ])('%s: widens %s', (_, change, expected) => {
    expect(widens(config, changed(config, change))).toBe(expected);
  });

  it('that takes away from all hours is none that widens, and the way back is', () => {
    const always = { ...config, hours: null };
    expect(widens(always, config)).toBe(false);
    expect(widens(config, always)).toBe(true);
  });

  it('that stops telling operators, or drops a kind, widens nothing', () => {
    const open = changed(config, { telemetry: true, kinds: ['onnx', 'container'] });
    expect(widens(open, changed(open, { telemetry: false, kinds: ['onnx'] }))).toBe(false);
  });

  it('cannot leave no kind of job, no hour, or what the configuration refuses', () => {
    expect(() => changed(config, { kinds: [] })).toThrow('want at least one');
    expect(() => changed(config, hours('10:00', '10:00'))).toThrow('they begin when they end');
    expect(() => changed(config, prices({ cpuHour: 'free' }))).toThrow('prices.cpuHour');
    expect(() => changed(config, share({ cpus: 91 }))).toThrow('share.cpus');
  });

  it('touches nothing else of the configuration', () => {
    const next = changed(config, { ...prices({ cpuHour: '2' }), telemetry: true, kinds: ['container'], maxTimeLimitMs: 5_000 });
    expect(next).toEqual({
      ...config,
      prices: { ...config.prices, cpuHour: '2' },
      policy: { ...config.policy, kinds: ['container'] },
      limits: { ...config.limits, maxTimeLimitMs: 5_000 },
      telemetry: { ...config.telemetry, toOperators: true },
    });
  });

  it('says in words what it changes', () => {
    const next = changed(config, { ...share({ cpus: 80 }), hours: null, kinds: ['onnx', 'container'], maxTimeLimitMs: 7_200_000 });
    expect(differences(config, next).map(({ words }) => words)).toEqual([
      'the share of the CPUs from 50 % to 80 %',
      'the hours from 20:00 to 08:00 to always',
      'jobs of kind container as well',
      'the longest time of a job from 1 h to 2 h',
    ]);
  });

  it('and its way back cannot both be narrow, unless nothing changes', () => {
    const clock = fc.tuple(fc.nat(23), fc.nat(59)).map(([h, m]) => `${String(h).padStart(2, '0')}:${String(m).padStart(2, '0')}`);
    const change = fc.record(
      {
        share: fc.record({ cpus: fc.integer({ min: 10, max: 90 }), memory: fc.constant(50), disk: fc.constant(50) }),
        hours: fc.option(fc.record({ from: clock, to: clock }).filter(({ from, to }) => from !== to)),
        maxTimeLimitMs: fc.integer({ min: 1_000, max: 86_400_000 }),
        telemetry: fc.boolean(),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(change, (one) => {
        const next = changed(config, one);
        if (differences(config, next).length > 0) expect(widens(config, next) || widens(next, config)).toBe(true);
        else expect(widens(config, next)).toBe(false);
      }),
    );
  });
});
