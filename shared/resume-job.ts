// A job file that goes on from a checkpoint of an earlier job: another job, with another nonce and its own lock. Pure.
import { NunetError } from './errors.ts';
import { parseJobFile } from './job-file.ts';

/**
 * The same job file, begun from the checkpoint at this path. Throws as `parseJobFile`, and `job-file-invalid` for a job that has no
 * workspace to go on in.
 */
export function resumedJobFile(text: string, checkpointPath: string): string {
  const { program, inputs } = parseJobFile(text);
  if (program.kind !== 'container')
    throw new NunetError('job-file-invalid', 'Cannot go on from a checkpoint: only container jobs have one, this is an onnx job');
  const written = JSON.parse(text) as { inputs: Record<string, string>; program: Record<string, unknown> };
  const name = program.resumeFrom ?? freeName([...Object.keys(inputs), ...program.downloads.map((download) => download.name)]);
  return JSON.stringify({
    ...written,
    inputs: { ...written.inputs, [name]: checkpointPath },
    program: { ...written.program, resumeFrom: name },
  });
}

function freeName(taken: readonly string[]): string {
  for (let n = 0; ; n += 1) {
    const name = n === 0 ? 'resume.tar' : `resume-${n}.tar`;
    if (!taken.includes(name)) return name;
  }
}
