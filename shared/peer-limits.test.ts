// Limits: what one peer, and all peers together, may ask for at a time.
import { expect, test } from 'vitest';
import { PeerLimits } from './peer-limits.ts';

const limit = { maxOpenAPeer: 2, maxOpen: 3, burst: 4, perSecond: 2 };

test('cannot hold more exchanges open than a peer, or all peers together, may', () => {
  const limits = new PeerLimits(limit, () => 0);
  const first = limits.admit('a');
  expect(first.type).toBe('admitted');
  expect(limits.admit('a').type).toBe('admitted');
  expect(limits.admit('a').type).toBe('busy');
  expect(limits.admit('b').type).toBe('admitted');
  expect(limits.admit('c').type).toBe('busy');
  if (first.type === 'admitted') {
    first.release();
    first.release();
  }
  expect(limits.admit('c').type).toBe('admitted');
  expect(limits.admit('b').type).toBe('busy');
});

test('cannot ask faster than the rate once the burst is used up', () => {
  let now = 0;
  const limits = new PeerLimits(limit, () => now);
  const ask = (): string => {
    const admission = limits.admit('a');
    if (admission.type === 'admitted') admission.release();
    return admission.type;
  };
  expect([ask(), ask(), ask(), ask(), ask()]).toEqual(['admitted', 'admitted', 'admitted', 'admitted', 'too-fast']);
  now = 499;
  expect(ask()).toBe('too-fast');
  now = 500;
  expect([ask(), ask()]).toEqual(['admitted', 'too-fast']);
  now = 1_000_000;
  expect([ask(), ask(), ask(), ask(), ask()]).toEqual(['admitted', 'admitted', 'admitted', 'admitted', 'too-fast']);
});

test('cannot make it remember every name that is made up, nor forget a peer that has something open', () => {
  const limits = new PeerLimits({ ...limit, maxOpen: Infinity, burst: 1, perSecond: 0 }, () => 0);
  expect(limits.admit('keeper').type).toBe('admitted');
  for (let index = 0; index < 10_000; index++) {
    const admission = limits.admit(`peer ${index}`);
    if (admission.type === 'admitted') admission.release();
  }
  // Its one token is still gone, so it was not forgotten; an early stranger was, and starts anew.
  expect(limits.admit('keeper').type).toBe('too-fast');
  expect(limits.admit('peer 0').type).toBe('admitted');
  expect(limits.admit('peer 9999').type).toBe('too-fast');
});
