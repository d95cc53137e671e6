// What a theft test is: an honest transaction, and the same with one thing changed.
import type { Output } from '../value.ts';
import type { Cast } from './cast.ts';
import type { LockOrder } from './ground.ts';
import type { Plan, Scene } from './plan.ts';

export interface Theft {
  /** "cannot ...". */
  name: string;
  /** How the accepted twin differs from it. */
  twin: string;
  /** Name of the check that fires, as the traced script prints it; or the ledger's rule. */
  check: string;
  /** Refused by the ledger around the script. Rules that the second ledger lacks are told there. */
  ledgerRule?: true;
  /** Refused by a builtin of Plutus that `check` names: it fails on what it is given, and prints nothing. */
  builtin?: true;
  locks: (cast: Cast, reclaimAfter: number) => LockOrder[];
  /** Further outputs to be on the ledger; they come as the scene's `others`. */
  others?: (cast: Cast) => Output[];
  honest: (scene: Scene) => Plan;
  /** Changes the honest plan. */
  steal: (plan: Plan, scene: Scene) => void;
}

/** An element that the theft is written around; its absence is a mistake in the test. */
export function the<Item>(item: Item | undefined): Item {
  if (item === undefined) throw new TypeError('the plan has it');
  return item;
}
