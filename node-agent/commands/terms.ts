// The terms of the test network: what is lent, to whom, and what an owner can see. Accepted once, before anything else is asked.
import { NunetError } from '@nunet/shared/errors.ts';
import { wrap, type CommandIo } from './flags.ts';

const COLUMNS = 78;

export const TERMS: readonly string[] = [
  'NuNet lends the idle part of this machine to people whom you do not know, for tokens of a test network.',
  'What is lent: the shares of CPUs, memory and disk that you choose next, and the GPUs that you name. Programs of strangers run on them, confined; no confinement is perfect, so lend no machine that holds what must not be lost or seen.',
  'What you can see: everything that runs here. Whoever owns a machine can read the inputs, outputs and logs of its jobs; service providers are told so. Use nothing of it.',
  'What is kept: logs and outputs of jobs for some days, and a journal of what was agreed and paid. Nothing about this machine is sent to anybody but service providers who ask for a quote, hubs, and the oracles of a job, unless you say so below.',
  'What it is worth: this is software under test on a test network. Tokens of a test network have no value, jobs may be lost, and nobody is liable for damage.',
];

/** Throws `terms-refused`, or `flag-missing` where nobody can be asked. */
export async function acceptTerms(
  { accepted, ask }: { accepted: boolean; ask: CommandIo['ask'] },
  io: Pick<CommandIo, 'print'>,
): Promise<void> {
  if (accepted) return;
  if (ask === undefined)
    throw new NunetError(
      'flag-missing',
      'Cannot onboard: --accept-terms is missing; run "nunet-agent onboard" at a terminal to read the terms',
    );
  for (const paragraph of TERMS) {
    for (const line of wrap(paragraph, COLUMNS)) io.print(line);
    io.print('');
  }
  const answer = (await ask('Type "yes" to accept: ')).trim().toLowerCase();
  if (answer !== 'yes') throw new NunetError('terms-refused', 'Cannot onboard: the terms were not accepted; nothing was written');
}
