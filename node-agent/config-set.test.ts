import { describe, expect, it, test } from 'vitest';
import { sampleConfig } from './config-fixture.ts';
import { configKeys, configWith, liveChange } from './config-set.ts';

const config = sampleConfig();

describe('a field of the configuration', () => {
  test.each<[string, string, object]>([
    ['prices.cpuHour', '2.5', { prices: { cpuHour: '2.5' } }],
    ['share.cpus', '80', { share: { cpus: 80 } }],
    ['hours', '22:00-06:00', { hours: { from: '22:00', to: '06:00' } }],
    ['hours', 'always', { hours: null }],
    ['containers.engine', 'off', { containers: { engine: 'off' } }],
    ['containers.packageIndex', 'https://index.example/simple', { containers: { packageIndex: 'https://index.example/simple' } }],
    ['containers.packageIndex', 'none', { containers: { packageIndex: null } }],
    ['policy.kinds', 'onnx', { policy: { kinds: ['onnx'] } }],
    ['policy.registries', 'registry.example, other.example:5000', { policy: { registries: ['registry.example', 'other.example:5000'] } }],
    ['policy.registries', 'none', { policy: { registries: [] } }],
    ['listen.relay', 'yes', { listen: { relay: true } }],
    ['listen.tcp', 'off', { listen: { tcp: null } }],
    ['telemetry.prometheusPort', '9100', { telemetry: { prometheusPort: 9100 } }],
    ['chain2Url', 'https://chain.example', { chain2Url: 'https://chain.example' }],
  ])('%s %s', (key, text, wanted) => {
    expect(configWith(config, key, text)).toMatchObject(wanted);
  });

  it('that is optional can be taken away again', () => {
    const two = configWith(config, 'chain2Url', 'https://chain.example');
    expect(configWith(two, 'chain2Url', 'none')).not.toHaveProperty('chain2Url');
  });

  test.each([
    ['share.cpus', '95', /share\.cpus/],
    ['share.cpus', 'much', /share\.cpus/],
    ['prices.cpuHour', '-1', /prices\.cpuHour/],
    ['hours', '25:00-06:00', /hours/],
    ['hours', '22', /hours/],
    ['listen.relay', 'maybe', /listen\.relay/],
    ['containers.engine', 'lxc', /containers\.engine/],
    ['policy.kinds', 'anything', /policy\.kinds/],
    ['telemetry.prometheusPort', '70000', /prometheusPort/],
    ['prices', '1', /there is no such field.*prices\.cpuHour/],
    ['__proto__.x', '1', /there is no such field/],
    ['constructor', '1', /there is no such field/],
  ])('cannot be wrong: %s %s', (key, text, message) => {
    expect(() => configWith(config, key, text)).toThrow(message);
  });

  test('cannot be the payout address, the network or the version', () => {
    for (const key of ['address', 'network', 'version']) expect(() => configWith(config, key, 'x')).toThrow(/^Cannot set/);
  });

  it('is applied to a running agent where it can be', () => {
    const next = configWith(config, 'share.cpus', '80');
    expect(liveChange('share.cpus', next)).toEqual({ share: next.share });
    expect(liveChange('hours', next)).toEqual({ hours: next.hours });
    expect(liveChange('listen.tcp', next)).toBeNull();
    // Every field that is live is one that can be set.
    for (const key of configKeys(config)) liveChange(key, config);
    expect(configKeys(config).filter((key) => liveChange(key, config) !== null)).toHaveLength(11);
  });
});
