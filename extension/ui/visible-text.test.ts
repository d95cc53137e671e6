import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { shortId, visibleText } from './visible-text.ts';

describe('visible text', () => {
  test('keeps plain words, letters of any script and emoji', () => {
    for (const text of ['Digits: train a 784-128-10 network', 'Größe, 数字, اختبار', '🙂 done']) expect(visibleText(text, 100)).toBe(text);
  });

  test('cannot hide, reverse or clear what stands around it', () => {
    expect(visibleText('\u001b[2J\u001b[31mred', 100)).toBe('�[2J�[31mred');
    expect(visibleText('pay\u202e001\u202c', 100)).toBe('pay�001�');
    expect(visibleText('a\u200bb\u2066c\u2069\ufeff\u{e0041}', 100)).toBe('a�b�c���');
    expect(visibleText('one\ntwo\r\0', 100)).toBe('one�two��');
    expect(visibleText('\ud800x', 100)).toBe('�x');
  });

  test('cannot be longer than asked, whatever arrives', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), fc.integer({ min: 1, max: 30 }), (text, length) => {
        const shown = visibleText(text, length);
        expect(Array.from(shown).length).toBeLessThanOrEqual(length);
        expect(shown).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });

  test('cuts a name of 1 MB and reads nothing behind the cut', () => {
    const name = '<img src=x onerror=alert(1)>'.repeat(40_000);
    const read: number[] = [];
    const long = Object.assign(Object.create(String.prototype) as string, {
      slice: (from: number, to: number) => {
        read.push(to);
        return name.slice(from, to);
      },
    });
    expect(visibleText(long, 40)).toBe(visibleText(name, 40));
    expect(Math.max(...read)).toBeLessThan(100);
  });

  test('shortens an id to its two ends', () => {
    expect(shortId('12D3KooWQnwEGNqcM2nAcPtRR9rAX8Hrg4k9kJLCHoTR5chJfz6d')).toBe('12D3KooW…hJfz6d');
    expect(shortId('short')).toBe('short');
  });
});
