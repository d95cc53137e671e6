// When a token first lies in the account: who asked for it, and what the transaction that minted it says of it. Kept, because later its
// outputs come from transactions of the account itself, which says nothing of how it came.
import type { Source, Utxo } from '@nunet/contracts/chain/chain.ts';
import type { Transaction } from '@nunet/contracts/chain/transaction.ts';
import { assetUnit } from '@nunet/contracts/value.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { z } from 'zod';
import type { RunnerDatabase } from '../runner/database.ts';
import type { FirstSight } from './holdings-view.ts';
import type { TokenImage } from './messages.ts';
import { metadataOf } from './token-metadata.ts';
import { keyHashOf } from './witness-check.ts';

/** Transactions that are read in one look; the next look goes on. */
const MOST_READ = 20;
/** More tokens than this one wallet is sent are spam, and all but their names stays unread. */
const MOST_KEPT = 2_000;
/** Whoever means it sends more with it than the least: what dust comes with is the sender's way to be seen. */
const MORE_THAN_DUST = 2_000_000n;

const image = z.object({
  type: z.enum(['image/png', 'image/jpeg', 'image/gif', 'image/webp']),
  bytes: z.custom<Uint8Array<ArrayBuffer>>((value) => value instanceof Uint8Array),
});
const keptSight = z.object({
  wasAsked: z.boolean(),
  name: z.string().nullable(),
  decimals: z.number().nullable(),
  image: z.union([image, z.literal('elsewhere')]).nullable(),
});
type KeptSight = z.infer<typeof keptSight>;

export interface FirstSights {
  readonly sights: ReadonlyMap<string, FirstSight>;
  /** Reads about tokens that were not there before; false: there are more. Throws what the source throws. */
  look(utxos: readonly Utxo[]): Promise<boolean>;
  image(unit: string): Promise<TokenImage | null>;
}

const plain = ({ wasAsked, name, decimals, image }: KeptSight): FirstSight => ({
  wasAsked,
  name,
  decimals,
  image: image === null ? 'none' : image === 'elsewhere' ? image : 'here',
});

export async function openFirstSights(parts: {
  chain: Pick<Source, 'rawTransaction'>;
  database: RunnerDatabase;
  /** Of this account on this chain. */
  key: string;
  /** Hash of the account's payment key. */
  paymentHash: string;
  onChange: () => void;
  signal: AbortSignal;
}): Promise<FirstSights> {
  const { chain, database, paymentHash, signal } = parts;
  const prefix = `sight/${parts.key}/`;
  const range = IDBKeyRange.bound(prefix, `${prefix}\uffff`);
  const sights = new Map<string, FirstSight>();
  const names = await database.getAllKeys('settings', range);
  const values = await database.getAll('settings', range);
  names.forEach((name, index) => {
    const parsed = keptSight.safeParse(values[index]);
    if (parsed.success) sights.set(name.slice(prefix.length), plain(parsed.data));
  });

  const see = async (utxo: Utxo, transaction: Transaction): Promise<void> => {
    const wasAsked = utxo.lovelace >= MORE_THAN_DUST || transaction.signers.some((key) => keyHashOf(key) === paymentHash);
    for (const asset of utxo.assets) {
      const unit = assetUnit(asset);
      if (sights.has(unit) || sights.size >= MOST_KEPT) continue;
      const found = metadataOf(transaction, asset);
      const sight: KeptSight = {
        wasAsked,
        name: found?.name ?? null,
        decimals: found?.decimals ?? null,
        image: found?.image ?? null,
      };
      await database.put('settings', sight, prefix + unit);
      sights.set(unit, plain(sight));
    }
  };

  return {
    sights,
    async look(utxos) {
      const isNew = ({ assets }: Utxo): boolean => assets.some((asset) => !sights.has(assetUnit(asset)));
      let read = 0;
      for (const utxo of utxos) {
        if (sights.size >= MOST_KEPT || !isNew(utxo)) continue;
        if (read >= MOST_READ) return false;
        const transaction = await chain.rawTransaction(utxo.reference.txId, signal);
        read += 1;
        if (transaction !== null) await see(utxo, transaction);
      }
      if (read > 0) parts.onChange();
      return true;
    },
    async image(unit) {
      if (sights.get(unit)?.image !== 'here') return null;
      const parsed = keptSight.safeParse(await database.get('settings', prefix + unit));
      if (!parsed.success) throw new NunetError('database-unavailable', 'Cannot read the image of this token');
      return parsed.data.image === 'elsewhere' ? null : parsed.data.image;
    },
  };
}
