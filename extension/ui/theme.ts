// Light or dark: as the system has it, or as the person chose on this browser. The style sheet reads `data-theme` of the root.
import { signal, type ReadonlySignal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';
export const THEMES: readonly Theme[] = ['system', 'light', 'dark'];
const KEY = 'nunet-theme';

const chosen = signal<Theme>('system');
export const theme: ReadonlySignal<Theme> = chosen;

type Root = Pick<HTMLElement, 'setAttribute' | 'removeAttribute'>;

function show(root: Root): void {
  if (chosen.value === 'system') root.removeAttribute('data-theme');
  else root.setAttribute('data-theme', chosen.value);
}

export function startTheme(storage: Pick<Storage, 'getItem'>, root: Root): void {
  const kept = storage.getItem(KEY);
  chosen.value = kept === 'light' || kept === 'dark' ? kept : 'system';
  show(root);
}

export function chooseTheme(to: Theme, storage: Pick<Storage, 'setItem'>, root: Root): void {
  storage.setItem(KEY, to);
  chosen.value = to;
  show(root);
}
