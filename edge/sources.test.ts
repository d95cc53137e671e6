import { describe, expect, test } from 'vitest';
import { ownOf, sourcesFor, withTold, type Sources } from './sources.ts';

const parties = { serviceProvider: { peerId: 'service' }, computeProvider: { peerId: 'compute' } };
const at = (peer: string, ...ports: number[]): string[] => ports.map((port) => `/ip4/127.0.0.1/tcp/${port}/p2p/${peer}`);
const many = (peer: string, from: number): string[] => at(peer, ...Array.from({ length: 8 }, (_, i) => from + i));

describe('sources of a replay', () => {
  test("the compute provider's own word comes first, the newest of it before the older", () => {
    let sources: Sources = {};
    sources = withTold(sources, 'service', [...at('compute', 1), ...at('service', 2)], parties);
    sources = withTold(sources, 'compute', at('compute', 3), parties);
    sources = withTold(sources, 'compute', at('compute', 4), parties);
    expect(sourcesFor(sources, parties)).toEqual([...at('compute', 4, 3), ...at('service', 2), ...at('compute', 1)]);
    expect(ownOf(sources, 'service')).toEqual(at('service', 2));
  });

  test("cannot crowd out the compute provider's addresses with invented ones, as service provider or as oracle", () => {
    let sources: Sources = withTold({}, 'compute', at('compute', 1), parties);
    for (let round = 0; round < 20; round++) {
      sources = withTold(sources, 'service', [...many('compute', 100 * round + 100), ...many('service', 100 * round + 150)], parties);
      for (const oracle of ['aa', 'bb', 'cc']) sources = withTold(sources, oracle, many('compute', 10_000 + 100 * round), parties);
    }
    const found = sourcesFor(sources, parties);
    expect(found[0]).toBe(at('compute', 1)[0]);
    expect(found).toHaveLength(16);
  });

  test('cannot hide what an honest oracle passes on behind what a lying one invents', () => {
    let sources: Sources = withTold({}, 'aa', many('compute', 100), parties);
    sources = withTold(sources, 'service', [...many('compute', 200), ...many('service', 300)], parties);
    sources = withTold(sources, 'bb', at('compute', 1), parties);
    expect(sourcesFor(sources, parties)).toContain(at('compute', 1)[0]);
  });

  test('cannot point a replayer at a stranger', () => {
    const told = ['/ip4/10.0.0.1/tcp/22', ...at('stranger', 1), '/ip4/127.0.0.1/tcp/1/p2p/compute/p2p-circuit/p2p/stranger'];
    expect(withTold({}, 'service', told, parties)).toEqual({});
  });

  test('an address behind a relay is that of the peer behind it', () => {
    const relayed = '/ip4/127.0.0.1/tcp/1/p2p/relay/p2p-circuit/p2p/compute';
    expect(sourcesFor(withTold({}, 'compute', [relayed], parties), parties)).toEqual([relayed]);
  });
});
