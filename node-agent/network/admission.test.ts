import { multiaddr } from '@multiformats/multiaddr';
import type { Connection, MultiaddrConnection, PeerId } from '@libp2p/interface';
import { describe, expect, it } from 'vitest';
import { Admission, addressKey, type AdmissionLimits } from './admission.ts';
import { gaterOf } from './gater.ts';
import { ReservedPeers } from './reserved-peers.ts';

const LIMITS: AdmissionLimits = { maxPending: 4, maxPendingAnAddress: 2, keptPending: 2, burst: 6, perSecond: 1 };

function admission(limits: Partial<AdmissionLimits> = {}) {
  const clock = { now: 0 };
  const reserved = new ReservedPeers();
  const counted = new Admission(
    { ...LIMITS, ...limits },
    (from) => reserved.isFrom(from),
    () => clock.now,
  );
  return { clock, reserved, enter: (from: string) => counted.enter(from), pending: () => counted.pending };
}

describe('admission', () => {
  it('cannot be filled from one address, nor from all together beyond its bound', () => {
    const { enter, pending } = admission();
    expect([enter('10.0.0.1'), enter('10.0.0.1'), enter('10.0.0.1')].map((leave) => leave !== null)).toEqual([true, true, false]);
    expect([2, 3, 4, 5].map((host) => enter(`10.0.0.${host}`) !== null)).toEqual([true, true, false, false]);
    expect(pending()).toBe(4);
  });

  it('gives a place back once, whoever leaves twice', () => {
    const { enter, pending } = admission();
    const leave = enter('10.0.0.1');
    leave?.();
    leave?.();
    expect(pending()).toBe(0);
    expect(enter('10.0.0.1')).not.toBeNull();
  });

  it('bounds new attempts a second, however quickly they end', () => {
    const { enter, clock } = admission();
    const tries = (count: number): number => {
      let entered = 0;
      for (let host = 0; host < count; host++) {
        const leave = enter(`10.0.0.${host}`);
        if (leave !== null) entered += 1;
        leave?.();
      }
      return entered;
    };
    expect(tries(20)).toBe(6);
    clock.now += 2_500;
    expect(tries(20)).toBe(2);
  });

  it('keeps places for addresses of reserved peers, as long as they are reserved', () => {
    const { enter, reserved } = admission();
    reserved.add('owner');
    reserved.seen('owner', '192.0.2.7');
    reserved.seen('stranger', '192.0.2.8');
    for (let host = 0; host < 10; host++) enter(`10.0.0.${host}`);
    expect(enter('192.0.2.8')).toBeNull();
    expect(enter('::ffff:192.0.2.7')).not.toBeNull();
    expect(enter('192.0.2.7')).not.toBeNull();
    expect(enter('192.0.2.7'), 'bounded too').toBeNull();
    reserved.remove('owner');
    expect(reserved.isFrom('192.0.2.7')).toBe(false);
  });

  it('knows a reserved peer that a relay names by its id', () => {
    const { enter, reserved } = admission({ maxPending: 0 });
    expect(enter('owner')).toBeNull();
    reserved.add('owner');
    expect(enter('owner')).not.toBeNull();
  });

  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2:ffff::1', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['12D3KooWOwner', '12D3KooWOwner'],
    ['', ''],
  ])('counts %s as %s', (from, key) => expect(addressKey(from)).toBe(key));
});

describe('gater', () => {
  const peer = (text: string): PeerId => ({ toString: () => text }) as PeerId;
  const open = (id: string, openedAt: number, protocols: string[] = [], direction = 'inbound') => {
    const aborted: Error[] = [];
    const connection = {
      remotePeer: peer(id),
      remoteAddr: multiaddr(`/ip4/10.0.0.1/tcp/1`),
      direction,
      timeline: { open: openedAt },
      streams: protocols.map((protocol) => ({ protocol })),
      abort: (error: Error) => aborted.push(error),
    };
    return { connection: connection as unknown as Connection, aborted };
  };
  const gater = (all: ReturnType<typeof open>[], reservedIds: string[] = []) => {
    const reserved = new ReservedPeers();
    for (const id of reservedIds) reserved.add(id);
    const gate = gaterOf({
      reserved,
      limits: { maxConnections: 3, reservedSlots: 1, maxConnectionsAPeer: 4, maxConnectionsAnAddress: 10 },
      admission: new Admission(
        LIMITS,
        () => false,
        () => 0,
      ),
      allowPrivate: true,
      now: () => 100_000,
      connections: () => all.map(({ connection }) => connection),
    });
    return (id: string) =>
      gate.denyInboundUpgradedConnection?.(peer(id), { remoteAddr: multiaddr('/ip4/10.0.0.2/tcp/1') } as MultiaddrConnection);
  };

  it('lets the oldest idle stranger give way to a newcomer, and none that has an exchange or is reserved', () => {
    const owner = open('owner', 0);
    const busy = open('busy', 1, ['/nunet/follow/1']);
    const idle = open('idle', 50_000, ['/meshsub/1.2.0', '/ipfs/ping/1.0.0']);
    expect(gater([owner, busy, idle], ['owner'])('newcomer')).toBe(false);
    expect([owner, busy, idle].map(({ aborted }) => aborted.length)).toEqual([0, 0, 1]);
  });

  it('turns a newcomer away when everybody is at work, just came, or was dialled by us', () => {
    const all = [open('a', 1, ['/nunet/blocks/1']), open('b', 95_000), open('hub', 1, [], 'outbound')];
    expect(gater(all)('newcomer')).toBe(true);
    expect(all.flatMap(({ aborted }) => aborted)).toEqual([]);
    expect(gater(all, ['newcomer'])('newcomer')).toBe(false);
  });
});
