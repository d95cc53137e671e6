// What a person likes on this browser and no server knows: kept beside the language, heard by every open page.
import { signal, type ReadonlySignal } from '@preact/signals';

const HIDE = 'nunet-hide-while-locked';

const hides = signal(false);
/** Balances are covered while the wallet is locked. */
export const hidesWhileLocked: ReadonlySignal<boolean> = hides;

export function startPreferences(storage: Pick<Storage, 'getItem'>, on: Pick<EventTarget, 'addEventListener'>): void {
  const read = (): void => {
    hides.value = storage.getItem(HIDE) === 'yes';
  };
  read();
  on.addEventListener('storage', read);
}

export function hideWhileLocked(isWanted: boolean, storage: Pick<Storage, 'setItem'>): void {
  storage.setItem(HIDE, isWanted ? 'yes' : 'no');
  hides.value = isWanted;
}
