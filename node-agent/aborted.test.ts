// Whoever waits for a signal that was aborted before must not wait for ever: an agent that is stopped would hang.
import { expect, test } from 'vitest';
import { aborted } from './aborted.ts';

test('gives the reason of a signal that is aborted already, and of one that is later', async () => {
  expect(await aborted(AbortSignal.abort('before'))).toBe('before');
  const later = new AbortController();
  const waiting = aborted(later.signal);
  later.abort('after');
  expect(await waiting).toBe('after');
});
