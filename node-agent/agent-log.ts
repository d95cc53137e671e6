// AgentLog: what the running agent says, in a file of bounded size in its data folder, for who has no journal of the system.
import { appendFileSync, renameSync, statSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { plainLine } from './plain-text.ts';

/** Two files of this size at most. */
export const MAX_LOG_BYTES = 2 ** 20;
const MAX_LINE = 4_000;

export const logPathsOf = (dataPath: string) => ({ now: join(dataPath, 'agent.log'), before: join(dataPath, 'agent.log.1') });

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** Writes one line with its time. Never throws: an agent does not stop because its log cannot be written, on a full disk for example. */
export function openAgentLog(dataPath: string, now: () => number, maxBytes = MAX_LOG_BYTES): (line: string) => void {
  const paths = logPathsOf(dataPath);
  let bytes = sizeOf(paths.now);
  return (line) => {
    const text = `${new Date(now()).toISOString()} ${plainLine(line).slice(0, MAX_LINE)}\n`;
    try {
      if (bytes + Buffer.byteLength(text) > maxBytes && bytes > 0) {
        renameSync(paths.now, paths.before);
        bytes = 0;
      }
      appendFileSync(paths.now, text, { mode: 0o600 });
      bytes += Buffer.byteLength(text);
    } catch {
      // It was said on stderr as well.
    }
  };
}

/** The last lines, oldest first; empty where nothing was ever written. */
export async function readAgentLog(dataPath: string, lines: number): Promise<string[]> {
  const paths = logPathsOf(dataPath);
  const text = async (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
  const all = `${await text(paths.before)}${await text(paths.now)}`.split('\n').slice(0, -1);
  return all.slice(-lines);
}

/** systemd says so where stderr goes into its journal (systemd.exec(5)): a second copy is not kept then. */
export const isInJournal = (env: Readonly<Record<string, string | undefined>>): boolean => env['JOURNAL_STREAM'] !== undefined;
