// Why nothing counts twice in a batch, by exhaustion: three locks that look alike, every way to share their payouts, every
// way to mistake one for another. Each case runs the committed script in full.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newGround, type Ground } from './thefts/ground.ts';
import { FEE, finish, honestAgree, honestSettle, passOver, tagDatum, type Plan, type Scene } from './thefts/plan.ts';
import { the } from './thefts/theft.ts';
import type { Output } from './value.ts';

const LOCKS = [0, 1, 2];

const permutations = <Item>(items: Item[]): Item[][] =>
  items.length === 0 ? [[]] : items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]));

/** Every way to divide the items into groups, each group in the order of the items. */
const partitions = <Item>(items: Item[]): Item[][][] => {
  const [first, ...others] = items;
  if (first === undefined) return [[]];
  return partitions(others).flatMap((groups) => [
    [[first], ...groups],
    ...groups.map((group, index) => groups.toSpliced(index, 1, [first, ...group])),
  ]);
};

let ground: Ground;
let scene: Scene;
/** Every second lock is decided by its parties, the others by oracles; all pay the same people the same amount. */
const honest = (): Plan => {
  const plan = honestSettle(scene);
  plan.locks.splice(1, 1, the(honestAgree(scene).locks[1]));
  for (const index of LOCKS) the(plan.payouts[2 * index]).lovelace += FEE;
  return plan;
};
beforeAll(async () => {
  ground = await newGround();
  scene = (await ground.scenes([{}, {}, {}])).real;
}, 120_000);
afterAll(() => ground.stop());

const accepts = (plan: Plan): boolean => ground.evaluate(finish(plan, scene)).accepted;

test('cannot pass one payout for another: of all 720 ways to name six payouts only the right one is accepted', () => {
  const accepted = permutations([0, 1, 2, 3, 4, 5]).filter((order) => {
    const plan = honest();
    plan.locks.forEach((lock, index) => {
      lock.serviceProviderOutput = the(order[2 * index]);
      lock.computeProviderOutput = the(order[2 * index + 1]);
    });
    return accepts(plan);
  });
  expect(accepted).toEqual([[0, 1, 2, 3, 4, 5]]);
}, 240_000);

/** One output a group, with the sum of its locks, tagged with them in the given order. */
function shared(plan: Plan, role: 0 | 1, groups: number[][], order: (group: number[]) => number[]): void {
  for (const group of groups) {
    const parts = group.map((index) => the(plan.payouts[2 * index + role]));
    const [first] = parts.map((part) => the(part.assets[0]));
    const output: Output = {
      ...the(parts[0]),
      lovelace: parts.reduce((sum, { lovelace }) => sum + lovelace, 0n),
      assets: [{ ...the(first), quantity: parts.reduce((sum, { assets }) => sum + the(assets[0]).quantity, 0n) }],
      inlineDatum: tagDatum(...order(group).map((index) => the(plan.locks[index]))),
    };
    for (const index of group) {
      const lock = the(plan.locks[index]);
      if (role === 0) lock.serviceProviderOutput = plan.payouts.length;
      else lock.computeProviderOutput = plan.payouts.length;
    }
    plan.payouts.push(output);
  }
}

/** The batch with its payouts shared so: the payouts of single locks are gone, so that nothing else pays. */
function sharedPlan(back: number[][], pay: number[][], order: (group: number[]) => number[] = (group) => group): Plan {
  const plan = honest();
  shared(plan, 0, back, order);
  shared(plan, 1, pay, order);
  plan.payouts.splice(0, 6);
  for (const lock of plan.locks) {
    lock.serviceProviderOutput -= 6;
    lock.computeProviderOutput -= 6;
  }
  return plan;
}

test('payouts may be shared in every way: all 25 pairs of partitions of three locks are accepted', () => {
  const ways = partitions(LOCKS).flatMap((back) => partitions(LOCKS).map((pay) => [back, pay] as const));
  expect(ways).toHaveLength(25);
  expect(ways.filter(([back, pay]) => !accepts(sharedPlan(back, pay)))).toEqual([]);
}, 120_000);

test('cannot share a payout that holds less than its locks owe together, or names them in another order, or not all of them', () => {
  const survivors: string[] = [];
  let tried = 0;
  const demandRefused = (plan: Plan, what: string): void => {
    tried += 1;
    if (accepts(plan)) survivors.push(what);
  };
  for (const groups of partitions(LOCKS).filter((one) => one.length < 3)) {
    const text = JSON.stringify(groups);
    for (const role of [0, 1] as const) {
      const [back, pay] = role === 0 ? [groups, [[0], [1], [2]]] : [[[0], [1], [2]], groups];
      const firstOutput = role === 0 ? 0 : back.length;
      groups.forEach((group, place) => {
        if (group.length < 2) return;
        const less = sharedPlan(back, pay);
        const output = the(less.payouts[firstOutput + place]);
        const asset = the(output.assets[0]);
        output.assets = [{ ...asset, quantity: (asset.quantity / BigInt(group.length)) * BigInt(group.length - 1) }];
        demandRefused(less, `${text} one share short`);
        for (const order of permutations(group).filter((one) => one.join() !== group.join())) {
          demandRefused(
            sharedPlan(back, pay, (own) => (own === group ? order : own)),
            `${text} tagged ${order.join()}`,
          );
        }
        for (const left of group) {
          const rest = group.filter((one) => one !== left);
          demandRefused(
            sharedPlan(back, pay, (own) => (own === group ? rest : own)),
            `${text} tagged without ${left}`,
          );
        }
      });
    }
  }
  expect(survivors).toEqual([]);
  // 2 roles x (3 pairs x (1 short + 1 order + 2 tags) + the three together x (1 + 5 + 3)).
  expect(tried).toBe(2 * (3 * 4 + 9));
}, 120_000);

test('cannot take a payout away: of all 64 subsets of the six payouts only the whole is accepted', () => {
  const accepted: number[] = [];
  for (let kept = 0; kept < 64; kept++) {
    const plan = honest();
    // A claim on a payout that is gone points at every one that is left in turn: the thief's best guess.
    const left = plan.payouts.map((_, index) => index).filter((index) => ((kept >> index) & 1) === 1);
    const payouts = left.map((index) => the(plan.payouts[index]));
    const guesses = left.length === 0 ? [0] : left.map((_, place) => place);
    for (const guess of guesses) {
      const at = (index: number): number => (left.includes(index) ? left.indexOf(index) : guess);
      const attempt = honest();
      attempt.payouts = payouts;
      for (const lock of attempt.locks) {
        lock.serviceProviderOutput = at(lock.serviceProviderOutput);
        lock.computeProviderOutput = at(lock.computeProviderOutput);
      }
      if (accepts(attempt)) accepted.push(kept);
    }
  }
  expect([...new Set(accepted)]).toEqual([63]);
}, 240_000);

test('every choice of who decides each lock is accepted: oracles, parties, or its owner who takes it back beside the batch', async () => {
  const own = { datum: { serviceProvider: ground.cast.thief.address } };
  const mine = (await ground.scenes([own, own, own])).real;
  const kinds = ['oracles', 'parties', 'reclaim'] as const;
  const mixes = kinds.flatMap((a) => kinds.flatMap((b) => kinds.map((c) => [a, b, c])));
  for (const mix of mixes.filter((one) => one.some((kind) => kind !== 'reclaim'))) {
    const plan = honestSettle(mine);
    const agreed = honestAgree(mine);
    mix.forEach((kind, index) => {
      if (kind === 'parties') plan.locks[index] = the(agreed.locks[index]);
    });
    for (const index of LOCKS) the(plan.payouts[2 * index]).lovelace += FEE;
    passOver(
      plan,
      mine,
      plan.locks.filter((_, index) => mix[index] === 'reclaim'),
    );
    expect(ground.evaluate(finish(plan, mine)), mix.join()).toEqual({ accepted: true, reason: '' });
  }
}, 120_000);
