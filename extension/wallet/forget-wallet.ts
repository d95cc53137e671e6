// Everything that is kept of a wallet's money in this browser, removed at once: whoever uses the browser next learns nothing of it.
import { STRICT, type RunnerDatabase } from '../runner/database.ts';

/** Beginnings of the names in `settings` under which the parts of the wallet keep theirs. */
const KEPT = ['sent/', 'collateral/', 'paid/', 'sight/'];

export async function forgetWallet(database: RunnerDatabase): Promise<void> {
  const transaction = database.transaction(['settings', 'contacts', 'shownTokens', 'history'], 'readwrite', STRICT);
  const settings = transaction.objectStore('settings');
  await Promise.all([
    ...KEPT.map((prefix) => settings.delete(IDBKeyRange.bound(prefix, `${prefix}\uffff`))),
    ...(['contacts', 'shownTokens', 'history'] as const).map((store) => transaction.objectStore(store).clear()),
    transaction.done,
  ]);
}
