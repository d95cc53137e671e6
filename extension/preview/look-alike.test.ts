// An address that was ground to show the ends of a known one is told; a stranger's is not.
import { expect, test } from 'vitest';
import { lookAlike } from './look-alike.ts';
import * as world from './sample-world.ts';

/** The same ends, another middle; what grinding gives, without the hours. */
const poisoned = `${world.FRIEND.slice(0, 15)}${world.STRANGER.slice(15, -4)}${world.FRIEND.slice(-4)}`;

test('cannot pass for a known address by its ends', () => {
  expect(lookAlike(poisoned, [world.HOME, world.FRIEND])).toBe(world.FRIEND);
});

test('the known address itself, and one that shares an end only, are no look-alikes', () => {
  expect(lookAlike(world.FRIEND, [world.FRIEND])).toBeNull();
  expect(lookAlike(world.STRANGER, [world.HOME, world.FRIEND])).toBeNull();
  expect(lookAlike(`${world.STRANGER.slice(0, -4)}${world.FRIEND.slice(-4)}`, [world.FRIEND])).toBeNull();
});
