import { expect, test } from 'vitest';
import { stageAtStart, stepsOf } from './stages.ts';

test.each([
  ['nothing is kept', 'empty', false, 'none', 'welcome'],
  ['the words are not confirmed', 'open', false, 'none', 'words'],
  ['the words are not confirmed and the wallet is locked', 'locked', false, 'none', 'words'],
  ['no network is chosen', 'locked', true, 'none', 'network'],
  ['the network failed', 'open', true, 'failed', 'network'],
  ['all is there', 'open', true, 'ready', 'ready'],
  ['the network is not known yet', 'open', true, null, null],
  ['what is kept cannot be read', 'failed', false, 'none', 'failed'],
] as const)('after a reload, %s: it goes on there', (_, state, isBackedUp, network, stage) => {
  expect(stageAtStart({ state, isBackedUp }, network, false)).toBe(stage);
});

test('cannot put a second wallet over one that is there', () => {
  for (const isBackedUp of [true, false]) {
    expect(stageAtStart({ state: 'locked', isBackedUp }, 'none', true)).toBe('forgotten');
    for (const isForgotten of [true, false]) {
      expect(['welcome', 'restore', 'file', 'password']).not.toContain(stageAtStart({ state: 'open', isBackedUp }, 'none', isForgotten));
    }
  }
});

test('every way has at most four steps and ends with the network', () => {
  for (const way of ['create', 'restore', 'file'] as const) {
    const { steps, at } = stepsOf('ready', way);
    expect(steps.length).toBeLessThanOrEqual(4);
    expect(steps[at]).toBe('network');
    expect(stepsOf('welcome', way).at).toBe(0);
  }
  expect(stepsOf('restore', 'restore').at).toBe(1);
  expect(stepsOf('forgotten', 'create').at).toBe(-1);
});
