// Light or dark: as the system has it, or as the person chose on this browser. The style sheet reads `data-theme` of the root.
import { signal, type ReadonlySignal } from '@preact/signals';

export type Theme = 'system' | 'light' | 'dark';
export const THEMES: readonly Theme[] = ['system', 'light', 'dark'];
const KEY = 'nunet-theme';

const chosen = signal<Theme>('system');
export const theme: ReadonlySignal<Theme> = chosen;

type Root = Pick<HTMLElement, 'setAttribute' | 'removeAttribute'>;

/** The root first, so that whoever hears of the choice finds its colours there. */
function show(to: Theme, root: Root): void {
  if (to === 'system') root.removeAttribute('data-theme');
  else root.setAttribute('data-theme', to);
  chosen.value = to;
}

export function startTheme(storage: Pick<Storage, 'getItem'>, root: Root): void {
  const kept = storage.getItem(KEY);
  show(kept === 'light' || kept === 'dark' ? kept : 'system', root);
}

export function chooseTheme(to: Theme, storage: Pick<Storage, 'setItem'>, root: Root): void {
  storage.setItem(KEY, to);
  show(to, root);
}
