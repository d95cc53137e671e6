// Tells the vault that somebody is there, so that it does not lock under their hands: real input only, and not more often than it matters.
import type { PageVault } from './vault-state.ts';

const EVERY_MS = 20_000;

export function watchPerson(vault: PageVault, target: Pick<EventTarget, 'addEventListener'>, now: () => number): void {
  let saidAt = -Infinity;
  const say = (event: Event): void => {
    if (!event.isTrusted || vault.state.value?.state !== 'open' || now() - saidAt < EVERY_MS) return;
    saidAt = now();
    // One that has just locked needs no telling.
    vault.ask({ type: 'touch' }).catch(() => undefined);
  };
  for (const type of ['pointerdown', 'keydown']) target.addEventListener(type, say);
}
