// Which web page may see which account on which network, and until when. Kept in the runner's database.
import { hex32, timeMs } from '@nunet/shared/fields.ts';
import { z } from 'zod';
import type { RunnerDatabase } from '../runner/database.ts';
import type { DappGrant } from './page-messages.ts';

const DAY_MS = 86_400_000;
/** A person connects dozens of sites; of more than these the oldest go. */
const MAX_GRANTS = 500;

const stored = z.strictObject({
  grantedAtMs: timeMs,
  expiresAtMs: timeMs,
  extensions: z.array(z.int()).max(20),
  /** Payment key of the account: another wallet's account of the same number was never granted anything. */
  payment: hex32,
});
type Stored = z.infer<typeof stored>;
type Key = [origin: string, account: number, network: string];

/** Whom a page talks to. */
export interface GrantFor {
  origin: string;
  account: number;
  payment: string;
  network: string;
}

export interface Grants {
  /** Null: none, or it has expired, or it was given by another wallet. */
  find(to: GrantFor): DappGrant | null;
  give(to: GrantFor, extensions: readonly number[], days: number): Promise<DappGrant>;
  revoke(origin: string, account: number): Promise<void>;
  /** All of them, of whatever wallet. */
  clear(): Promise<void>;
  /** Those that hold for this wallet's accounts, newest first. `payments`: payment keys by account. */
  all(payments: ReadonlyMap<number, string>): DappGrant[];
}

const nameOf = (key: Key): string => JSON.stringify(key);

/** Reads them once; from then on memory and store say the same. */
export async function openGrants(database: RunnerDatabase, now: () => number): Promise<Grants> {
  const kept = new Map<string, { key: Key; value: Stored }>();
  const [keys, values] = await Promise.all([database.getAllKeys('grants'), database.getAll('grants')]);
  for (const [at, key] of keys.entries()) {
    const value = stored.safeParse(values[at]);
    // One that cannot be read counts as none: the person is asked again.
    if (value.success) kept.set(nameOf(key), { key, value: value.data });
  }
  const viewOf = ({ key: [origin, account, network], value }: { key: Key; value: Stored }): DappGrant => {
    const { grantedAtMs, expiresAtMs, extensions } = value;
    return { origin, account, network, grantedAtMs, expiresAtMs, extensions };
  };
  const holds = ({ value }: { value: Stored }, payment: string | undefined): boolean =>
    value.expiresAtMs > now() && value.grantedAtMs <= now() && value.payment === payment;
  const remove = async (name: string, key: Key): Promise<void> => {
    kept.delete(name);
    await database.delete('grants', key);
  };
  return {
    find({ origin, account, network, payment }) {
      const found = kept.get(nameOf([origin, account, network]));
      return found !== undefined && holds(found, payment) ? viewOf(found) : null;
    },
    async give({ origin, account, network, payment }, extensions, days) {
      const key: Key = [origin, account, network];
      const value: Stored = {
        grantedAtMs: now(),
        expiresAtMs: now() + days * DAY_MS,
        extensions: [...new Set(extensions)].toSorted((a, b) => a - b),
        payment,
      };
      await database.put('grants', value, key);
      kept.set(nameOf(key), { key, value });
      const oldest = [...kept].toSorted(([, a], [, b]) => a.value.grantedAtMs - b.value.grantedAtMs);
      for (const [name, one] of oldest.slice(0, Math.max(0, kept.size - MAX_GRANTS))) await remove(name, one.key);
      return viewOf({ key, value });
    },
    async revoke(origin, account) {
      for (const [name, { key }] of kept) if (key[0] === origin && key[1] === account) await remove(name, key);
    },
    async clear() {
      kept.clear();
      await database.clear('grants');
    },
    all: (payments) =>
      [...kept.values()]
        .filter((grant) => holds(grant, payments.get(grant.key[1])))
        .map(viewOf)
        .toSorted((a, b) => b.grantedAtMs - a.grantedAtMs),
  };
}
