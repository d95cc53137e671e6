// A job's log: lines in order, no gap, bounded. Lines are written in batches; one that a kill loses is asked for again from its offset.
import { MAX_LOG_LINE, MAX_LOG_LINES } from '@nunet/shared/wire.ts';
import { ofJob, type RunnerDatabase } from './database.ts';

/** Characters kept a job, so that 100,000 lines of the longest kind do not fill the disk. */
const MAX_LOG_CHARACTERS = 32 * 2 ** 20;
/** Lines that wait to be written; whoever brings more waits too. */
const MAX_WAITING_LINES = 2_000;
/** Lines read at a time. */
const MAX_READ_LINES = 1_000;

/** Controls, and what turns text around: each one becomes a space, so that a line is a line wherever it is shown. */
const UNSAFE = /[\p{Cc}\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu;
export const plainLine = (line: string): string => line.slice(0, MAX_LOG_LINE).replaceAll(UNSAFE, ' ');

export interface LogStore {
  /** Lines that came so far: the next wanted offset. */
  length(): number;
  /** Lines that are kept: the first ones. */
  kept(): number;
  /** Resolves when there is room for more. Gives false for a line that is counted and not kept. */
  append(line: string): Promise<boolean>;
  read(from: number): Promise<string[]>;
  flush(): Promise<void>;
}

export async function openLog(database: RunnerDatabase, jobId: string): Promise<LogStore> {
  let written = 0;
  let characters = 0;
  const stored = database.transaction('logs', 'readwrite');
  for (let cursor = await stored.store.openCursor(ofJob(jobId)); cursor !== null; cursor = await cursor.continue()) {
    if (cursor.key[1] === written) {
      written += cursor.value.length;
      for (const line of cursor.value) characters += line.length;
    } else {
      // It does not follow on: a batch before it was lost, and the agent is asked for all of them again.
      await cursor.delete();
    }
  }
  await stored.done;
  /** Not yet written; lines leave it only once they are. */
  const waiting: string[] = [];
  let dropped = 0;
  let writing: Promise<void> | undefined;

  const kept = (): number => written + waiting.length;
  const write = async (): Promise<void> => {
    while (waiting.length > 0) {
      const batch = [...waiting];
      await database.put('logs', batch, [jobId, written]);
      waiting.splice(0, batch.length);
      written += batch.length;
    }
  };
  const flush = (): Promise<void> => {
    writing ??= write().finally(() => (writing = undefined));
    return writing;
  };

  return {
    length: () => kept() + dropped,
    kept,
    async append(line) {
      const plain = plainLine(line);
      if (kept() >= MAX_LOG_LINES || characters + plain.length > MAX_LOG_CHARACTERS) {
        dropped += 1;
        return false;
      }
      characters += plain.length;
      waiting.push(plain);
      const flushed = flush();
      if (waiting.length >= MAX_WAITING_LINES) await flushed;
      else flushed.catch(() => undefined);
      return true;
    },
    async read(from) {
      await flush();
      const lines: string[] = [];
      // The batch that holds `from` begins at or before it.
      const start = await database.transaction('logs').store.openKeyCursor(IDBKeyRange.bound([jobId, 0], [jobId, from]), 'prev');
      if (start === null) return lines;
      const range = IDBKeyRange.bound([jobId, start.key[1]], [jobId, from + MAX_READ_LINES]);
      for (let cursor = await database.transaction('logs').store.openCursor(range); cursor !== null; cursor = await cursor.continue()) {
        const [, offset] = cursor.key;
        if (offset > from + lines.length) break;
        lines.push(...cursor.value.slice(Math.max(0, from - offset), from - offset + MAX_READ_LINES));
        if (lines.length >= MAX_READ_LINES) break;
      }
      return lines.slice(0, MAX_READ_LINES);
    },
    flush,
  };
}
