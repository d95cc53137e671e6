// Balances are covered while the wallet is locked, where a person wants that: kept on this browser, heard by every open page.
import { signal, type ReadonlySignal } from '@preact/signals';
import { useContext } from 'preact/hooks';
import { PageContext } from './page.ts';

const KEY = 'nunet-hide-while-locked';

/** What stands for a figure that is covered. */
export const COVER = '•••••';

const hides = signal(false);
export const hidesWhileLocked: ReadonlySignal<boolean> = hides;

export function startCover(storage: Pick<Storage, 'getItem'>, on: Pick<EventTarget, 'addEventListener'>): void {
  const read = (): void => {
    hides.value = storage.getItem(KEY) === 'yes';
  };
  read();
  on.addEventListener('storage', read);
}

export function hideWhileLocked(isWanted: boolean, storage: Pick<Storage, 'setItem'>): void {
  storage.setItem(KEY, isWanted ? 'yes' : 'no');
  hides.value = isWanted;
}

/** Whether balances are covered now: also until the vault has said that it is open. */
export function useCover(): boolean {
  const page = useContext(PageContext);
  return hides.value && page !== null && page.vault.state.value?.state !== 'open';
}
