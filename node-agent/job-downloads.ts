// A job's files from the web: fetched one after the other before billed time, into a folder of this job alone.
import { join } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import type { JobSpec } from '@nunet/shared/job-spec.ts';
import { downloadFile, isOutside, type DownloadOptions } from './fetch/download.ts';
import { SYSTEM_WEB } from './fetch/web-request.ts';

export type Web = Pick<DownloadOptions, 'access' | 'isAllowedAddress'>;

/** The internet, and nothing behind this machine. */
export const PUBLIC_WEB: Web = { access: SYSTEM_WEB, isAllowedAddress: isOutside };

export const downloadBytes = ({ program }: JobSpec): number =>
  program.kind === 'container' ? program.downloads.reduce((sum, { bytes }) => sum + bytes, 0) : 0;

/**
 * Resolves with where each lies; null for a name that is none of them. What is there already is checked and kept. Throws
 * `download-...` to refuse the job.
 */
export async function fetchDownloads(
  { program }: JobSpec,
  folder: string,
  options: Web & { hosts: readonly string[]; signal: AbortSignal; onBytes: (done: number) => void },
): Promise<(name: string) => string | null> {
  const files = program.kind === 'container' ? program.downloads : [];
  const { hosts, signal, access, onBytes } = options;
  const paths = new Map<string, string>();
  let before = 0;
  for (const file of files) {
    const path = join(folder, file.name);
    const start = before;
    const isAllowedAddress = (address: string): boolean => options.isAllowedAddress(address);
    await downloadFile(file, path, { hosts, access, isAllowedAddress, signal, onProgress: (done) => onBytes(start + done) }).catch(
      (cause: unknown) => {
        if (cause instanceof NunetError || signal.aborted) throw cause;
        throw new NunetError('download-disk', `Cannot keep file ${file.name} from the web: this agent's disk refused it`, { cause });
      },
    );
    before += file.bytes;
    paths.set(file.name, path);
  }
  return (name) => paths.get(name) ?? null;
}
