// When "Sign" can be used, and which clicks count.
import { describe, expect, test } from 'vitest';
import { doesCount, holdOf, INERT_MS, isLarge, wantsWord, type Click, type Shown } from './approve-guard.ts';
import type { Risk } from './preview.ts';

const risk = (level: Risk['level'], code: Risk['code'] = 'no-expiry'): Risk => ({ code, level, detail: {} });
const shown = (change: Partial<Shown> = {}): Shown => ({
  nowMs: 10_000,
  sinceMs: 10_000 - INERT_MS,
  isReady: true,
  isRead: true,
  risks: [risk('warn')],
  intents: [{ kind: 'own', reason: 'move' }],
  typed: '',
  word: 'sign',
  ...change,
});
const click: Click = { isTrusted: true, isPointer: true, isOnTop: true, pressedAtMs: 100, usableSinceMs: 100 };

test('what was shown for long enough, read and without grave risks can be signed', () => {
  expect(holdOf(shown())).toBeNull();
});

describe('cannot be signed', () => {
  test('before 600 ms, or while it is not in front of the person', () => {
    expect(holdOf(shown({ sinceMs: 10_000 - INERT_MS + 1 }))).toBe('just-shown');
    expect(holdOf(shown({ sinceMs: null }))).toBe('just-shown');
  });

  test('before the vault has it, and before the risks were in view', () => {
    expect(holdOf(shown({ isReady: false }))).toBe('not-ready');
    expect(holdOf(shown({ isRead: false }))).toBe('unread');
  });

  test('with a grave risk, or without a sentence, until the word is typed', () => {
    expect(holdOf(shown({ risks: [risk('confirm')] }))).toBe('word');
    expect(holdOf(shown({ risks: [risk('confirm')], typed: 'sing' }))).toBe('word');
    expect(holdOf(shown({ risks: [risk('confirm')], typed: ' Sign ' }))).toBeNull();
    const unrecognised = shown({
      risks: [],
      intents: [
        { kind: 'own', reason: 'move' },
        { kind: 'unrecognised', because: 'others-money' },
      ],
    });
    expect(wantsWord(unrecognised)).toBe(true);
    expect(holdOf(unrecognised)).toBe('word');
  });

  test('at all with a risk that stops, whatever is typed', () => {
    expect(holdOf(shown({ risks: [risk('stop')], typed: 'sign' }))).toBe('stop');
  });
});

describe('cannot be clicked', () => {
  const cases: [string, Partial<Click>][] = [
    ['by a script', { isTrusted: false }],
    ['through something that covers the button', { isOnTop: false }],
    ['with a press that began before the button could be used', { pressedAtMs: 99 }],
    ['without a press on the button', { pressedAtMs: null }],
    ['with a key that was held since before', { isPointer: false, isOnTop: false, pressedAtMs: 99 }],
  ];
  test.each(cases)('%s', (_, change) => {
    expect(doesCount({ ...click, ...change })).toBe(false);
  });

  test('a press on the button itself, by pointer or key, counts', () => {
    expect(doesCount(click)).toBe(true);
    expect(doesCount({ ...click, isPointer: false, isOnTop: false })).toBe(true);
  });
});

test('more than half of what there is asks for the password again', () => {
  expect(isLarge([risk('warn', 'large-part')])).toBe(true);
  expect(isLarge([risk('confirm', 'empties-wallet')])).toBe(true);
  expect(isLarge([risk('warn')])).toBe(false);
});
