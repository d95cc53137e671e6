import { expect, test } from 'vitest';
import { hidesWhileLocked, hideWhileLocked, startCover } from './cover.ts';

test('the wish to cover balances is kept, and every open page hears of it', () => {
  const kept = new Map<string, string>();
  const storage = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) };
  const window = new EventTarget();
  startCover(storage, window);
  expect(hidesWhileLocked.value).toBe(false);
  hideWhileLocked(true, storage);
  expect(hidesWhileLocked.value).toBe(true);
  for (const [key] of kept) kept.set(key, 'no');
  window.dispatchEvent(new Event('storage'));
  expect(hidesWhileLocked.value).toBe(false);
});
