// What a finding is: something that was found in somebody's contract, and the attempts to do the same to this one.
import { expect } from 'vitest';
import { ESCROW } from '../script.ts';
import type { Attack } from '../mutants/paper-attacks.ts';
import { askAiken, type Answer, type Question } from '../properties/evaluate.ts';

export interface Attempt {
  /** "cannot ...". */
  name: string;
  run: () => Promise<void>;
}

export interface Finding {
  /** Project, who found it, year. */
  source: string;
  /** What it was. */
  found: string;
  /** Why it does not hold here. */
  stands: string;
  attempts: Attempt[];
}

/** The attack is refused, and its honest twin accepted. */
export const refused = ({ name, ask }: Attack): Attempt => ({
  name,
  run: async () => {
    expect({ theft: ask(ESCROW, 'theft').accepted, twin: ask(ESCROW, 'twin').accepted }).toEqual({ theft: false, twin: true });
  },
});

/** Both evaluators give this verdict. */
export async function expectBoth(question: Question, answer: Answer, accepted: boolean): Promise<void> {
  expect(answer.accepted).toBe(accepted);
  expect((await askAiken(question)).accepted).toBe(accepted);
}
