import { expect, test } from 'vitest';
import { nextItem } from './menu.tsx';
import { placeBeside } from './popover-panel.tsx';
import { keyTarget } from './tabs.tsx';

test('arrows go around the tabs, Home and End to their ends, other keys nowhere', () => {
  expect(['ArrowRight', 'ArrowLeft', 'Home', 'End', 'a'].map((key) => keyTarget(key, 2, 3))).toEqual([0, 1, 0, 2, null]);
  expect(keyTarget('ArrowLeft', 0, 3)).toBe(2);
});

test('arrows go around the items of a menu, and nowhere in an empty one', () => {
  expect(['ArrowDown', 'ArrowUp', 'Home', 'End', 'Tab'].map((key) => nextItem(key, 0, 3))).toEqual([1, 2, 0, 2, null]);
  expect(nextItem('ArrowDown', -1, 3)).toBe(0);
  expect(nextItem('ArrowDown', 0, 0)).toBeNull();
});

test('a panel never leaves the screen, wherever its button is', () => {
  const screen = { width: 360, height: 640 };
  const panel = { width: 300, height: 400 };
  for (const [left, top] of [
    [0, 0],
    [330, 0],
    [330, 610],
    [0, 610],
    [160, 300],
  ] as const) {
    const { x, y } = placeBeside({ left, right: left + 30, top, bottom: top + 30 }, panel, screen);
    expect(x >= 0 && y >= 0 && x + panel.width <= screen.width && y + panel.height <= screen.height).toBe(true);
  }
});
