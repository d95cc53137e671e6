// What does not fit together in a container job: rules over several of its fields, the same for the job file and for the agent. Pure.
import type { JobSpec } from './job-spec.ts';

export interface FieldProblem {
  /** Path in the job file, and in the spec. */
  readonly field: string;
  readonly message: string;
}

/** Empty for any other kind, and for a job that fits together. */
export function containerProblems(
  job: Pick<JobSpec, 'delivery' | 'replay' | 'program'> & { readonly inputs: readonly { readonly name: string }[] },
): FieldProblem[] {
  const { program } = job;
  if (program.kind !== 'container') return [];
  const problems: FieldProblem[] = [];
  const demand = (holds: boolean, field: string, message: string): void => {
    if (!holds) problems.push({ field, message });
  };
  const inputs = new Set(job.inputs.map(({ name }) => name));
  const downloads = program.downloads.map(({ name }) => name);
  demand(
    job.replay === 'never',
    'replay',
    'must be "never": results of code are not replayed yet, so nobody could decide a dispute over them',
  );
  program.downloads.forEach(({ name }, index) =>
    demand(!inputs.has(name), `program.downloads.${index}.name`, `"${name}" is the name of an input already: both would lie in /inputs`),
  );
  if (program.run.type === 'script') {
    const { script } = program.run;
    demand(inputs.has(script) || downloads.includes(script), 'program.run.script', `"${script}" is neither an input nor a download`);
  }
  const { resumeFrom } = program;
  demand(resumeFrom === null || inputs.has(resumeFrom), 'program.resumeFrom', `"${resumeFrom}" is not an input`);
  demand(
    job.delivery === 'open' || program.checkpointEveryMs === null,
    'program.checkpointEveryMs',
    'must be null for a sealed delivery: a checkpoint could be read before it is paid for',
  );
  return problems;
}
