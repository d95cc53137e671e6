// Addresses that the account has paid from this browser: whoever is not among them is a new recipient, and the signing sheet says so.
import type { RunnerDatabase } from '../runner/database.ts';

/** The oldest are forgotten first. */
const MOST_KEPT = 500;

export interface PaidAddresses {
  all(): string[];
  add(addresses: readonly string[]): Promise<void>;
}

export async function openPaidAddresses(database: RunnerDatabase, key: string): Promise<PaidAddresses> {
  const store = `paid/${key}`;
  const stored = await database.get('settings', store);
  let paid = Array.isArray(stored) ? stored.filter((value): value is string => typeof value === 'string') : [];
  return {
    all: () => paid,
    async add(addresses) {
      const fresh = [...new Set(addresses)].filter((address) => !paid.includes(address));
      if (fresh.length === 0) return;
      paid = [...paid, ...fresh].slice(-MOST_KEPT);
      await database.put('settings', paid, store);
    },
  };
}
