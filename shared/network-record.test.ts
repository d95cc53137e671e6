// The network record is the root of trust: only what enough pinned keys signed, for this network, in time, and never an older one.
import { describe, expect, test } from 'vitest';
import { confirmationsFor, openNetworkRecord, signNetworkRecord } from './network-record.ts';
import * as samples from './samples.ts';

const pins = ['pin a', 'pin b', 'pin c'].map(samples.sampleSigner);
const keys = pins.map((pin) => pin.publicKey);
const record = samples.sampleRecord;
const opening = { network: 'devnet' as const, pinned: { keys, threshold: 2 }, now: record.issuedAt, lastSequence: record.sequence };

test('opens under enough pinned keys', async () => {
  expect(openNetworkRecord(await signNetworkRecord(record, pins.slice(0, 2)), opening)).toEqual(record);
});

describe('cannot open a network record', () => {
  test('that too few pinned keys signed', async () => {
    const bytes = await signNetworkRecord(record, [pins[0]!, samples.sampleSigner('stranger')]);
    expect(() => openNetworkRecord(bytes, opening)).toThrow('1 pinned keys signed it, 2 must');
  });

  test('with one key counted twice, in its signatures or in the pins', async () => {
    const twice = await signNetworkRecord(record, [pins[0]!, pins[0]!]);
    expect(() => openNetworkRecord(twice, opening)).toThrow('1 pinned keys signed it, 2 must');
    const pinnedTwice = { keys: [keys[0]!, keys[0]!], threshold: 2 };
    expect(() => openNetworkRecord(twice, { ...opening, pinned: pinnedTwice })).toThrow('1 pinned keys signed it, 2 must');
  });

  test('with a threshold of none', async () => {
    const bytes = await signNetworkRecord(record, pins);
    expect(() => openNetworkRecord(bytes, { ...opening, pinned: { keys, threshold: 0 } })).toThrow('must');
  });

  test('of another network, expired, or older than one that was seen', async () => {
    const bytes = await signNetworkRecord(record, pins);
    expect(() => openNetworkRecord(bytes, { ...opening, network: 'preprod' })).toThrow('it is for devnet, this is preprod');
    expect(() => openNetworkRecord(bytes, { ...opening, now: record.expiresAt })).toThrow('it expired at 2026-01-02T00:00:00.000Z');
    expect(() => openNetworkRecord(bytes, { ...opening, lastSequence: 4 })).toThrow('record 4 was seen before');
  });

  test('whose body was exchanged under its signatures', async () => {
    const other = await signNetworkRecord({ ...record, sequence: 9 }, [samples.sampleSigner('stranger')]);
    const honest = await signNetworkRecord(record, pins);
    const mixed = honest.slice();
    // Same lengths: the sequence number is the only byte that differs in the bodies.
    const at = other.findIndex((byte, i) => byte !== honest[i]);
    mixed[at] = other[at]!;
    expect(() => openNetworkRecord(mixed, opening)).toThrow('0 pinned keys signed it');
  });
});

test('asks for more blocks on top of larger locks, and for the most above the table', () => {
  expect(confirmationsFor(record, 0n)).toBe(1);
  expect(confirmationsFor(record, 10_000_000n)).toBe(1);
  expect(confirmationsFor(record, 10_000_001n)).toBe(3);
  expect(confirmationsFor(record, 1n << 62n)).toBe(3);
});
