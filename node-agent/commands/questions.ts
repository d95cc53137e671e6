// Questions: for each value the flag that was given, or a person's answer, asked again until it is right, or the answer in brackets.
import { NunetError } from '@nunet/shared/errors.ts';
import type { z } from 'zod';
import type { Flags, CommandIo } from './flags.ts';

export interface Question {
  text: string;
  /** What an answer must be. */
  field: z.ZodType;
  /** The answer in brackets; without one the question has to be answered. */
  standard?: string;
}

export interface Questions {
  /** Nobody is asked anything. */
  readonly isSilent: boolean;
  /** Throws `flag-missing` where there is no flag, nobody to ask and nothing in brackets. A wrong flag is named later, with all others. */
  value: (name: string, question: Question) => Promise<string>;
}

export function askFor(
  command: string,
  { flags, given, io, isSilent }: { flags: Flags; given: Readonly<Record<string, unknown>>; io: CommandIo; isSilent: boolean },
): Questions {
  return {
    isSilent: isSilent || io.ask === undefined,
    async value(name, { text, field, standard }) {
      const flag = given[name];
      if (typeof flag === 'string') return flag;
      while (!isSilent && io.ask !== undefined) {
        const answer = (await io.ask(`${text}${standard === undefined ? '' : ` [${standard}]`}: `)).trim();
        const chosen = answer === '' ? standard : answer;
        if (chosen === undefined) continue;
        const checked = field.safeParse(chosen);
        if (checked.success) return chosen;
        io.warn(`  ${checked.error.issues[0]?.message ?? 'not valid'}`);
      }
      if (standard !== undefined) return standard;
      throw new NunetError('flag-missing', `Cannot ${command}: --${name} is missing (${flags[name]?.help ?? ''})`);
    },
  };
}
