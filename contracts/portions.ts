// Spreads a value over as many outputs to one address as the ledger's limit on what one output may hold asks for.
import type { AssetQuantity, ProtocolParameters } from './chain/chain.ts';
import { leastLovelace, type Output, type Value } from './value.ts';

type Limits = Pick<ProtocolParameters, 'coinsPerUtxoByte' | 'maxValueSize'>;

export interface Portions {
  /** Tokens alone; together they hold all that was given. At least one. */
  outputs: Output[];
  /** What they need at least, together. */
  least: bigint;
}

/** Bytes around the tokens of a value: frame, nine bytes of lovelace, and the head of the map of policies. */
const VALUE_BYTES = 13;
/** A policy with the head of its map of names; a name's head with a quantity of nine bytes. */
const POLICY_BYTES = 33;
const NAME_BYTES = 11;

/** Ordered by policy, so that the tokens of one share its bytes. */
function bundles(assets: readonly AssetQuantity[], maxBytes: number): AssetQuantity[][] {
  const ordered = assets.toSorted((a, b) => (a.policyId < b.policyId ? -1 : a.policyId > b.policyId ? 1 : 0));
  const all: AssetQuantity[][] = [[]];
  let bytes = VALUE_BYTES;
  let policy = '';
  for (const asset of ordered) {
    const name = NAME_BYTES + asset.assetName.length / 2;
    const more = name + (asset.policyId === policy ? 0 : POLICY_BYTES);
    if (bytes + more > maxBytes) {
      all.push([]);
      bytes = VALUE_BYTES + name + POLICY_BYTES;
    } else bytes += more;
    all.at(-1)?.push(asset);
    policy = asset.policyId;
  }
  return all;
}

/** The outputs that hold `value` at `address`. Where its lovelace is less than `least` they do not stand. */
export function portionsOf(address: string, value: Value, { coinsPerUtxoByte, maxValueSize }: Limits): Portions {
  const outputs = bundles(value.assets, maxValueSize).map((assets): Output => ({ address, lovelace: 0n, assets }));
  let least = 0n;
  for (const output of outputs.slice(1)) {
    output.lovelace = leastLovelace(output, coinsPerUtxoByte);
    least += output.lovelace;
  }
  const [first] = outputs;
  if (first === undefined) throw new TypeError('there is always a first bundle');
  // The first takes what the others leave, so that most of the ADA lies in one place.
  first.lovelace = value.lovelace - least;
  return { outputs, least: least + leastLovelace(first, coinsPerUtxoByte) };
}
