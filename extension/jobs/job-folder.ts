// What somebody dropped, as a job: the job file found among the files, the files it names found beside it, the missing ones named.
import { MAX_JOB_FILE_BYTES } from '@nunet/shared/job-file.ts';

/** A dropped or chosen file with its path below what was dropped. */
export interface DroppedFile<Content extends { size: number } = File> {
  path: string;
  content: Content;
}

/** Files that are looked at in all; a dropped home folder must not be walked to its end. */
export const MAX_DROPPED_FILES = 2_000;

const baseName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
const depth = (path: string): number => path.split('/').length;

/** JSON files that may be the job file, likeliest first: `job.json`, then the least deep. */
export const jobFileCandidates = <Content extends { size: number }>(files: readonly DroppedFile<Content>[]): DroppedFile<Content>[] =>
  files
    .filter(({ path, content }) => path.toLowerCase().endsWith('.json') && content.size <= MAX_JOB_FILE_BYTES * 4)
    .sort(
      (a, b) =>
        Number(baseName(b.path) === 'job.json') - Number(baseName(a.path) === 'job.json') ||
        depth(a.path) - depth(b.path) ||
        (a.path < b.path ? -1 : 1),
    )
    .slice(0, 50);

/** True for JSON that was meant as a job file, right or wrong; so that a wrong one is explained instead of overlooked. */
export function looksLikeJobFile(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && 'program' in value && 'inputs' in value;
  } catch {
    return false;
  }
}

/** A path with its `.` and `..` resolved; null when it leaves the folder that was dropped. */
function resolved(folder: string, path: string): string | null {
  const parts = folder === '' ? [] : folder.split('/');
  for (const part of path.replaceAll('\\', '/').split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return null;
  }
  return parts.join('/');
}

export interface FoundFiles<Content extends { size: number }> {
  found: { path: string; content: Content }[];
  missing: string[];
  bytes: number;
}

/** Finds the files that a job file names: where it says they lie, or else the one dropped file of that name. */
export function findNamed<Content extends { size: number }>(
  jobFilePath: string,
  paths: readonly string[],
  files: readonly DroppedFile<Content>[],
): FoundFiles<Content> {
  const folder = jobFilePath.includes('/') ? jobFilePath.slice(0, jobFilePath.lastIndexOf('/')) : '';
  const byPath = new Map(files.map((file) => [file.path, file.content]));
  const found: { path: string; content: Content }[] = [];
  const missing: string[] = [];
  for (const path of paths) {
    const place = resolved(folder, path);
    const alike = files.filter((file) => baseName(file.path) === baseName(path));
    // Files chosen one by one have no folder, so that a name has to do, where only one has it.
    const content = (place === null ? undefined : byPath.get(place)) ?? (alike.length === 1 ? alike[0]?.content : undefined);
    if (content === undefined) missing.push(path);
    else found.push({ path, content });
  }
  return { found, missing, bytes: found.reduce((sum, { content }) => sum + content.size, 0) };
}
