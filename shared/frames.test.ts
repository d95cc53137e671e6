// Frames: whatever the pieces they arrive in, the same frames come out; hostile lengths cost nothing.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FrameDecoder, frameOf } from './frames.ts';

const LIMIT = 1_000_000;

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    return (error as { code: string }).code;
  }
  return 'nothing thrown';
}

function decodeAll(pieces: readonly Uint8Array[], maxBytes = LIMIT): Uint8Array[] {
  const decoder = new FrameDecoder();
  const frames: Uint8Array[] = [];
  for (const piece of pieces) {
    decoder.push(piece);
    for (let frame = decoder.next(maxBytes); frame !== undefined; frame = decoder.next(maxBytes)) frames.push(frame);
  }
  return frames;
}

describe('frames', () => {
  test('come out as they went in, however the bytes are cut on the way', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ minLength: 1, maxLength: 400 }), { maxLength: 12 }),
        fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 40 }),
        (frames, cuts) => {
          const all = Uint8Array.from(frames.flatMap((frame) => [...frameOf(frame)]));
          const pieces: Uint8Array[] = [];
          let at = 0;
          for (let turn = 0; at < all.length; turn++) {
            const size = cuts[turn % cuts.length] ?? 1;
            pieces.push(all.subarray(at, at + size));
            at += size;
          }
          expect(decodeAll(pieces).map((frame) => [...frame])).toEqual(frames.map((frame) => [...frame]));
        },
      ),
    );
  });

  test('say their length as an unsigned varint', () => {
    expect([...frameOf(new Uint8Array(1)).subarray(0, 1)]).toEqual([1]);
    expect([...frameOf(new Uint8Array(127)).subarray(0, 1)]).toEqual([127]);
    expect([...frameOf(new Uint8Array(128)).subarray(0, 2)]).toEqual([0x80, 1]);
    expect([...frameOf(new Uint8Array(300)).subarray(0, 2)]).toEqual([0xac, 2]);
    expect([...frameOf(new Uint8Array(262_144)).subarray(0, 3)]).toEqual([0x80, 0x80, 0x10]);
  });

  test('a frame of exactly the limit passes, one byte more does not', () => {
    expect(decodeAll([frameOf(new Uint8Array(500))], 500)).toHaveLength(1);
    expect(codeOf(() => decodeAll([frameOf(new Uint8Array(501))], 500))).toBe('frame-too-large');
  });

  test('cannot make the reader wait for a frame above the limit: the length alone is refused', () => {
    expect(codeOf(() => decodeAll([frameOf(new Uint8Array(5_000)).subarray(0, 2)], 4_000))).toBe('frame-too-large');
  });

  test('cannot say a length in more than four bytes, padded, or zero', () => {
    expect(codeOf(() => decodeAll([Uint8Array.of(0x80, 0x80, 0x80, 0x80, 1)]))).toBe('frame-invalid');
    expect(codeOf(() => decodeAll([Uint8Array.of(0x81, 0)]))).toBe('frame-invalid');
    expect(codeOf(() => decodeAll([Uint8Array.of(0)]))).toBe('frame-invalid');
    expect(codeOf(() => decodeAll([Uint8Array.of(0xff, 0xff), Uint8Array.of(0xff, 0xff)]))).toBe('frame-invalid');
  });

  test('cannot crash the reader with random bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 8 }), (pieces) => {
        const code = codeOf(() => decodeAll(pieces, 32));
        expect(['nothing thrown', 'frame-invalid', 'frame-too-large']).toContain(code);
      }),
    );
  });
});
