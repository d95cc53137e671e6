// The short reader beside the general one: what it takes is what the other takes, and it takes nothing that the other refuses.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { readBlockAnswer } from './block-answer.ts';
import { decode, encode, rawCidOf } from './encoding.ts';
import { PROTOCOLS } from './wire.ts';

const general = (bytes: Uint8Array): unknown => {
  try {
    return decode(PROTOCOLS.blocks.response, bytes, { name: 'blocks', maxBytes: PROTOCOLS.blocks.maxResponseBytes });
  } catch {
    return null;
  }
};
const cid = rawCidOf(Uint8Array.of(1));
const message = (bytes: Uint8Array): Uint8Array => encode({ type: 'block', cid, bytes });

describe('a block', () => {
  test.each([0, 1, 23, 24, 255, 256, 65_535, 65_536, 262_144])('of %i bytes is read as the general reader does', (length) => {
    const sent = message(new Uint8Array(length).fill(7));
    expect(readBlockAnswer(sent)).toEqual(general(sent));
    expect(readBlockAnswer(sent)?.bytes).toHaveLength(length);
  });

  test('is a view of the message: nothing is copied', () => {
    const sent = message(new Uint8Array(100));
    expect(readBlockAnswer(sent)?.bytes.buffer).toBe(sent.buffer);
  });

  test('cannot be anything that the general reader refuses, whatever bytes are changed, cut or added', () => {
    const edits = fc.array(fc.tuple(fc.nat(130), fc.nat(255)), { maxLength: 3 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), edits, fc.integer({ min: -3, max: 3 }), (bytes, changes, longer) => {
        const sent = message(bytes);
        const made = new Uint8Array(Math.max(0, sent.length + longer));
        made.set(sent.subarray(0, made.length));
        for (const [at, value] of changes) if (at < made.length) made[at] = value;
        const short = readBlockAnswer(made);
        if (short !== null) expect(short).toEqual(general(made));
      }),
      { numRuns: 5_000 },
    );
  });

  test('cannot have a length in a longer form than it needs', () => {
    const sent = message(new Uint8Array(10));
    const head = sent.length - 11;
    for (const form of [
      [0x58, 10],
      [0x59, 0, 10],
      [0x5a, 0, 0, 0, 10],
      [0x5b, 0, 0, 0, 0, 0, 0, 0, 10],
    ])
      expect(readBlockAnswer(Uint8Array.of(...sent.subarray(0, head), ...form, ...new Uint8Array(10)))).toBeNull();
  });

  test('cannot be an answer without bytes, a failure, or one more field: those are for the general reader', () => {
    for (const other of [
      { type: 'block', cid, bytes: null },
      { type: 'error', code: 'x', message: 'y' },
      { type: 'block', cid, bytes: new Uint8Array(1), x: 1 },
    ])
      expect(readBlockAnswer(encode(other))).toBeNull();
    expect(readBlockAnswer(encode({ type: 'block', cid: 'B'.repeat(59), bytes: new Uint8Array(1) }))).toBeNull();
  });
});
