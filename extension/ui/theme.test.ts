import { expect, test } from 'vitest';
import { chooseTheme, startTheme, theme } from './theme.ts';

const parts = (kept: string | null) => {
  const stored = new Map<string, string>(kept === null ? [] : [['nunet-theme', kept]]);
  const attributes = new Map<string, string>();
  return {
    storage: { getItem: (key: string) => stored.get(key) ?? null, setItem: (key: string, value: string) => void stored.set(key, value) },
    root: {
      setAttribute: (name: string, value: string) => void attributes.set(name, value),
      removeAttribute: (name: string) => void attributes.delete(name),
    },
    shown: () => attributes.get('data-theme'),
  };
};

test('the choice is kept on this browser and shown at the root, before anybody hears of it', () => {
  const first = parts(null);
  startTheme(first.storage, first.root);
  expect([theme.value, first.shown()]).toEqual(['system', undefined]);
  const heard: unknown[] = [];
  const stop = theme.subscribe(() => heard.push(first.shown()));
  chooseTheme('dark', first.storage, first.root);
  stop();
  expect(heard).toEqual([undefined, 'dark']);
  const second = parts(first.storage.getItem('nunet-theme'));
  startTheme(second.storage, second.root);
  expect([theme.value, second.shown()]).toEqual(['dark', 'dark']);
  chooseTheme('system', second.storage, second.root);
  expect(second.shown()).toBeUndefined();
});

test('what is kept and is no theme counts as none', () => {
  const { storage, root, shown } = parts('"><script>');
  startTheme(storage, root);
  expect([theme.value, shown()]).toEqual(['system', undefined]);
});
