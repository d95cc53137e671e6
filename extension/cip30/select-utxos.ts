// Which of the account's outputs a dApp is shown: enough for an amount, a page of them, or the least that serves as collateral.
import type { Utxo } from '@nunet/contracts/chain/chain.ts';
import { sumOf, type Value } from './cbor-values.ts';
import { Faulty } from './faults.ts';

/** CIP-30: the most that a dApp may ask for as collateral. */
export const MAX_COLLATERAL = 5_000_000n;
/** The ledger takes three inputs of collateral. */
const MAX_COLLATERAL_INPUTS = 3;
/** Outputs that are compared three by three. */
const MAX_COMPARED = 60;
/** Larger outputs are not shown as collateral: an old dApp without collateral return would put all of one at risk. */
const MAX_COLLATERAL_OUTPUT = 2n * MAX_COLLATERAL;

const reaches = (sum: Value, wanted: Value): boolean =>
  sum.lovelace >= wanted.lovelace && [...wanted.tokens].every(([unit, quantity]) => (sum.tokens.get(unit) ?? 0n) >= quantity);

function add(sum: Value, utxo: Utxo, sign: 1n | -1n): void {
  sum.lovelace += sign * utxo.lovelace;
  for (const { policyId, assetName, quantity } of utxo.assets)
    sum.tokens.set(policyId + assetName, (sum.tokens.get(policyId + assetName) ?? 0n) + sign * quantity);
}

const byLovelace = (a: Utxo, b: Utxo): number => (a.lovelace < b.lovelace ? -1 : a.lovelace > b.lovelace ? 1 : 0);

/** Outputs that together reach `wanted`, and none that could be left out; null: not attainable. */
export function enoughFor(utxos: readonly Utxo[], wanted: Value): Utxo[] | null {
  const wantedIn = (utxo: Utxo): number =>
    utxo.assets.filter(({ policyId, assetName }) => (wanted.tokens.get(policyId + assetName) ?? 0n) > 0n).length;
  // What holds a wanted token comes first, then the largest.
  const ordered = utxos.toSorted((a, b) => wantedIn(b) - wantedIn(a) || byLovelace(b, a));
  const sum = sumOf([]);
  const taken: Utxo[] = [];
  for (const utxo of ordered) {
    if (reaches(sum, wanted)) break;
    taken.push(utxo);
    add(sum, utxo, 1n);
  }
  if (!reaches(sum, wanted)) return null;
  return taken.filter((utxo) => {
    add(sum, utxo, -1n);
    if (reaches(sum, wanted)) return false;
    add(sum, utxo, 1n);
    return true;
  });
}

/** Page `page` of `limit` items each. Throws PaginateError with the number of pages. */
export function pageOf<Item>(items: readonly Item[], paginate: { page: number; limit: number } | null | undefined): Item[] {
  if (paginate === null || paginate === undefined) return [...items];
  const { page, limit } = paginate;
  const pages = Math.ceil(items.length / limit);
  // The first page of nothing is empty, not out of bounds.
  if (page > 0 && page >= pages) throw new Faulty({ maxSize: pages });
  return items.slice(page * limit, page * limit + limit);
}

const isPure = ({ assets, inlineDatum, datumHash, referenceScriptHash, lovelace }: Utxo): boolean =>
  assets.length === 0 &&
  inlineDatum === undefined &&
  datumHash === undefined &&
  referenceScriptHash === undefined &&
  lovelace <= MAX_COLLATERAL_OUTPUT;

/** The fewest outputs of pure ADA that reach `wanted`, and of those the least ADA; what is set apart comes first. Null: there are none. */
export function collateralFor(setApart: readonly Utxo[], others: readonly Utxo[], wanted: bigint): Utxo[] | null {
  return leastOf(setApart, wanted) ?? leastOf([...setApart, ...others], wanted);
}

function leastOf(utxos: readonly Utxo[], wanted: bigint): Utxo[] | null {
  const ascending = utxos.filter(isPure).toSorted(byLovelace).slice(-MAX_COMPARED);
  for (let count = 1; count <= MAX_COLLATERAL_INPUTS; count++) {
    const found = leastOfSize(ascending, count, wanted);
    if (found !== null) return found;
  }
  return null;
}

function leastOfSize(ascending: readonly Utxo[], count: number, wanted: bigint): Utxo[] | null {
  if (count === 1) {
    const one = ascending.find(({ lovelace }) => lovelace >= wanted);
    return one === undefined ? null : [one];
  }
  let best: { chosen: Utxo[]; lovelace: bigint } | null = null;
  for (const [at, utxo] of ascending.entries()) {
    const rest = leastOfSize(ascending.slice(at + 1), count - 1, wanted - utxo.lovelace);
    if (rest === null) continue;
    const chosen = [utxo, ...rest];
    const { lovelace } = sumOf(chosen);
    if (best === null || lovelace < best.lovelace) best = { chosen, lovelace };
  }
  return best?.chosen ?? null;
}
