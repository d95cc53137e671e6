// Thousands of random transactions over random locks: what the compiled escrow accepts is safe, and what is honest it accepts.
import { blake2b } from '@noble/hashes/blake2.js';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { ESCROW } from '../script.ts';
import { apply, edits } from './edits.ts';
import { askAiken, askScalus, type Question } from './evaluate.ts';
import { order, planOf, transactionOf } from './honest.ts';
import { resolvedOutputs, transactionBytes } from './paper.ts';
import { danger } from './safe.ts';

/** `PROPERTY_CASES=20000` for a long run. */
const CASES = Number(process.env['PROPERTY_CASES'] ?? 2_000);
/** One case in so many is put to Aiken's evaluator too, which is ten times slower. */
const SECOND_OPINION_EVERY = 40;

const count = { accepted: 0, refused: 0, honest: 0, dangerous: 0, secondOpinions: 0 };
afterAll(() => {
  console.log(
    `settle, agree, reclaim: ${CASES} random transactions; ${count.accepted} accepted (${count.honest} of them honest and unchanged), ` +
      `${count.refused} refused (${count.dangerous} of them dangerous); ${count.secondOpinions} put to both evaluators, which agreed`,
  );
});

const isSampled = ({ transaction }: Question): boolean => {
  const [high = 0, low = 0] = blake2b(transaction, { dkLen: 2 });
  return (high * 256 + low) % SECOND_OPINION_EVERY === 0;
};

describe('of random transactions over one to four locks', () => {
  test('cannot be accepted: any that pays somebody else, too much, twice, unsigned or too early; honest ones are accepted', async () => {
    await fc.assert(
      fc.asyncProperty(order, edits, async (ordered, changes) => {
        const plan = planOf(ordered, ESCROW);
        for (const change of changes) apply(plan, change);
        const transaction = transactionOf(plan, ESCROW);
        const question = { transaction: transactionBytes(transaction), resolved: resolvedOutputs(transaction) };
        const answer = askScalus(question);
        const wrong = danger(plan);
        const honest = changes.length === 0 && ordered.locks.every(({ flaw }) => flaw === null);
        if (answer.accepted) expect(wrong).toBeNull();
        if (honest) expect({ wrong, accepted: answer.accepted }).toEqual({ wrong: null, accepted: true });

        if (answer.accepted) count.accepted += 1;
        else count.refused += 1;
        if (honest) count.honest += 1;
        if (wrong !== null) count.dangerous += 1;
        if (!isSampled(question)) return;
        count.secondOpinions += 1;
        const second = await askAiken(question);
        expect(second.accepted).toBe(answer.accepted);
        expect(second.units).toEqual(answer.units);
      }),
      { numRuns: CASES },
    );
  }, 1_800_000);

  test('both verdicts are frequent, so that neither property holds for want of cases', () => {
    expect(count.accepted / CASES).toBeGreaterThan(0.1);
    expect(count.dangerous / CASES).toBeGreaterThan(0.1);
    expect(count.honest / CASES).toBeGreaterThan(0.1);
    expect(count.secondOpinions).toBeGreaterThan(CASES / SECOND_OPINION_EVERY / 4);
  });
});
