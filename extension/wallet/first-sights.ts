// When a token first lies in the account: who asked for it, and what the transaction that minted it says of it. Kept, because later its
// outputs come from transactions of the account itself, which says nothing of how it came.
import { publicKeyHash } from '@nunet/contracts/key-hash.ts';
import type { Source, Utxo } from '@nunet/contracts/chain/chain.ts';
import type { Transaction } from '@nunet/contracts/chain/transaction.ts';
import { assetUnit, quantityOf } from '@nunet/contracts/value.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { AssetId } from '@nunet/shared/fields.ts';
import { z } from 'zod';
import type { RunnerDatabase } from '../runner/database.ts';
import type { FirstSight } from './holdings-view.ts';
import type { TokenImage } from './messages.ts';
import { metadataOf } from './token-metadata.ts';

/** Transactions that are read in one look; the next look goes on. */
const MOST_READ = 20;
/** More tokens than this one wallet is sent are spam, and all but their names stays unread. */
const MOST_KEPT = 2_000;
/** Own transactions that a token is followed back through, for a wallet that was brought back by its words. */
const MOST_STEPS = 12;
const MOST_INPUTS = 16;
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

  const read = new Map<string, Transaction | null>();
  const transactionAt = async (txId: string): Promise<Transaction | null> => {
    const known = read.get(txId);
    if (known !== undefined) return known;
    const found = await chain.rawTransaction(txId, signal);
    read.set(txId, found);
    return found;
  };
  const isOwn = ({ signers }: Transaction): boolean => signers.some((key) => publicKeyHash(key) === paymentHash);

  /** The output by which a token first came to the account, as far as its own transactions tell: change of its own says nothing of how. */
  const arrival = async (asset: AssetId, utxo: Utxo): Promise<{ utxo: Utxo; transaction: Transaction } | null> => {
    let at = utxo;
    for (let step = 0; ; step++) {
      const transaction = await transactionAt(at.reference.txId);
      if (transaction === null) return null;
      if (step === MOST_STEPS || !isOwn(transaction)) return { utxo: at, transaction };
      let before: Utxo | undefined;
      for (const { txId, index } of transaction.inputs.slice(0, MOST_INPUTS)) {
        const made = (await transactionAt(txId))?.outputs[index];
        if (made === undefined || made.address !== utxo.address || quantityOf(made, asset) === 0n) continue;
        before = made;
        break;
      }
      if (before === undefined) return { utxo: at, transaction };
      at = before;
    }
  };

  const see = async (asset: AssetId, utxo: Utxo): Promise<void> => {
    const unit = assetUnit(asset);
    const came = await arrival(asset, utxo);
    if (came === null) return;
    const found = metadataOf(came.transaction, asset);
    const sight: KeptSight = {
      wasAsked: came.utxo.lovelace >= MORE_THAN_DUST || isOwn(came.transaction),
      name: found?.name ?? null,
      decimals: found?.decimals ?? null,
      image: found?.image ?? null,
    };
    await database.put('settings', sight, prefix + unit);
    sights.set(unit, plain(sight));
  };

  return {
    sights,
    async look(utxos) {
      read.clear();
      let count = 0;
      for (const utxo of utxos) {
        for (const asset of utxo.assets) {
          if (sights.has(assetUnit(asset)) || sights.size >= MOST_KEPT) continue;
          if (read.size >= MOST_READ) {
            parts.onChange();
            return false;
          }
          await see(asset, utxo);
          count += 1;
        }
      }
      if (count > 0) parts.onChange();
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
