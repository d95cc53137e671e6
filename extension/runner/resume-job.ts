// The last checkpoint of a job of this browser, and the job that goes on from it: all its files are still kept.
import { NunetError } from '@nunet/shared/errors.ts';
import { parseJobFile } from '@nunet/shared/job-file.ts';
import { resumedJobFile } from '@nunet/shared/resume-job.ts';
import type { Job } from './job.ts';

type Kept = Pick<Job, 'note' | 'blocks' | 'record'>;

/** Throws `checkpoint-missing`. */
export function lastCheckpoint({ blocks, record }: Kept): { blob: Blob; name: string } {
  const { checkpoint } = record();
  const blob = checkpoint === undefined ? null : blocks.content(checkpoint.file.cid);
  if (checkpoint === undefined || blob === null) throw new NunetError('checkpoint-missing', 'No checkpoint of this job is kept here');
  return { blob, name: `checkpoint-${checkpoint.number}.tar` };
}

/** Throws `checkpoint-missing`, `file-incomplete`. */
export function resumedJob(job: Kept): { jobFile: string; files: Map<string, Blob> } {
  const { note, blocks, record } = job;
  const { blob, name } = lastCheckpoint(job);
  const file = parseJobFile(note.jobFile);
  const files = new Map<string, Blob>();
  const keep = (path: string, cid: string | undefined): void => {
    const content = cid === undefined ? null : blocks.content(cid);
    if (content === null) throw new NunetError('file-incomplete', `Cannot go on from the checkpoint: ${path.slice(0, 200)} is not kept`);
    files.set(path, content);
  };
  const cids = new Map(record().spec.inputs.map((input) => [input.name, input.cid]));
  for (const [input, path] of Object.entries(file.inputs)) keep(path, cids.get(input));
  for (const [path, cid] of Object.entries(note.checkFiles)) keep(path, cid);
  // A path that no other file has: theirs are not in a folder of this name.
  const path = `resumed from ${job.record().jobId}/${name}`;
  files.set(path, blob);
  return { jobFile: resumedJobFile(note.jobFile, path), files };
}
