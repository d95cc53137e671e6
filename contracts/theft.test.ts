// Every theft and its honest twin, on the devnet through Mesh's provider and again on a second ledger.
import { ALL_THEFTS } from './thefts/all-thefts.ts';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { newGround, type Ground } from './thefts/ground.ts';
import { finish } from './thefts/plan.ts';
import { theftTable } from './thefts/table.ts';

const PAGE = join(import.meta.dirname, '../docs/thefts.md');

let ground: Ground;
beforeAll(async () => {
  ground = await newGround();
}, 120_000);
afterAll(() => ground.stop());

const tried: string[] = [];

describe.each(ALL_THEFTS)('$name', ({ name, check, ledgerRule = false, builtin = false, locks, others, honest, steal }) => {
  test(`the thief is refused by ${check}, the honest twin is accepted, on both ledgers`, async () => {
    const made = await ground.scenes(locks(ground.cast, ground.reclaimAfter), others?.(ground.cast));
    for (const variant of ['real', 'traced'] as const) {
      const scene = made[variant];
      const theft = honest(scene);
      steal(theft, scene);
      const stolen = finish(theft, scene);
      const fair = finish(honest(scene), scene);

      const first = variant === 'real' ? await ground.submit(stolen) : ground.submitTraced(stolen);
      expect(first.accepted, `devnet accepted the theft with the ${variant} script`).toBe(false);
      expect(first.reason).toContain(ledgerRule ? 'validity interval' : variant === 'real' ? 'PlutusFailure' : '');
      if (variant === 'traced' && builtin) expect(first.reason).toContain(check);
      else if (variant === 'traced') expect(ledgerRule ? first.rule : first.check, first.reason).toBe(check);
      const second = await ground.second(stolen);
      expect(second.accepted, 'the second ledger accepted the theft').toBe(false);
      if (!ledgerRule) expect(second.reason).toContain(variant === 'real' || builtin ? 'failed script execution' : check);

      const secondFair = await ground.second(fair);
      expect(secondFair, 'the second ledger refused the twin').toEqual({ accepted: true, reason: '' });
      const firstFair = variant === 'real' ? await ground.submit(fair) : ground.submitTraced(fair);
      expect(firstFair, 'devnet refused the twin').toEqual({ accepted: true, reason: '' });
    }
    tried.push(name);
  });
});

test('docs/thefts.md lists exactly these thefts (UPDATE_THEFTS=1 writes it)', () => {
  expect(tried).toEqual(ALL_THEFTS.map(({ name }) => name));
  const table = theftTable(ALL_THEFTS);
  console.log(table);
  if (process.env['UPDATE_THEFTS'] === '1') writeFileSync(PAGE, table);
  expect(readFileSync(PAGE, 'utf8')).toBe(table);
});
