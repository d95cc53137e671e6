// Every theft and its honest twin, on the devnet through Mesh's provider and again on a second ledger.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { AGREEMENT_THEFTS } from './thefts/agreement-thefts.ts';
import { BATCH_THEFTS } from './thefts/batch-thefts.ts';
import { newGround, type Ground } from './thefts/ground.ts';
import { EXTRA_THEFTS } from './thefts/mutant-thefts.ts';
import { PAYOUT_THEFTS } from './thefts/payout-thefts.ts';
import { finish } from './thefts/plan.ts';
import { RECLAIM_THEFTS } from './thefts/reclaim-thefts.ts';
import { SIGNATURE_THEFTS } from './thefts/signature-thefts.ts';
import { theftTable } from './thefts/table.ts';

const THEFTS = [...SIGNATURE_THEFTS, ...AGREEMENT_THEFTS, ...PAYOUT_THEFTS, ...BATCH_THEFTS, ...RECLAIM_THEFTS, ...EXTRA_THEFTS];
const PAGE = join(import.meta.dirname, '../docs/thefts.md');

let ground: Ground;
beforeAll(async () => {
  ground = await newGround();
}, 120_000);
afterAll(() => ground.stop());

const tried: string[] = [];

describe.each(THEFTS)('$name', ({ name, check, ledgerRule = false, builtin = false, locks, others, honest, steal }) => {
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
  expect(tried).toEqual(THEFTS.map(({ name }) => name));
  const table = theftTable(THEFTS);
  console.log(table);
  if (process.env['UPDATE_THEFTS'] === '1') writeFileSync(PAGE, table);
  expect(readFileSync(PAGE, 'utf8')).toBe(table);
});
