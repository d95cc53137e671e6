import { expect, test } from 'vitest';
import { createToasts } from './toasts.tsx';

test('a toast goes by itself, and no more than three stand at once', () => {
  const later: (() => void)[] = [];
  const toasts = createToasts((_, act) => later.push(act));
  for (const text of ['a', 'b', 'c', 'd']) toasts.say(text);
  expect(toasts.shown.value.map(({ text }) => text)).toEqual(['b', 'c', 'd']);
  for (const act of later) act();
  expect(toasts.shown.value).toEqual([]);
});
