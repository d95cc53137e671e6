// Decisions beside the database, one fsynced line each: PGlite survives a crash but not a power loss, a signed outcome must.
import { open, readFile, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { verdictKind } from '@nunet/shared/attestation.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import type { DecisionRow } from './db/store.ts';

export interface DecisionLog {
  /** What was on disk at opening and since. */
  readonly entries: ReadonlyMap<string, DecisionRow>;
  /** Resolves once it is on disk. The same decision again is harmless. Throws `already-decided` on another outcome for the lock. */
  append(decision: DecisionRow): Promise<void>;
  close(): Promise<void>;
}

const VERSION = 1;
const header = z.strictObject({ decisions: z.int(), oracleKey: z.string() });
const row = z.strictObject({
  lock: z.string().regex(/^[0-9a-f]{64}#\d{1,5}$/),
  verdict: verdictKind,
  rule: z.string().max(60),
  paid: z
    .string()
    .regex(/^\d{1,19}$/)
    .transform(BigInt),
  decidedAt: z.int(),
});

const line = (value: unknown): string => `${JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? v.toString() : v))}\n`;

/** Throws `decisions-damaged`, `decisions-newer`, or `decisions-foreign` when it is another oracle's. */
export async function openDecisionLog(path: string, oracleKey: string): Promise<DecisionLog> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  // A last line without its newline was never acknowledged, so nothing was signed after it.
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  const [first, ...rest] = whole.split('\n').slice(0, -1);
  const entries = new Map<string, DecisionRow>();
  if (first !== undefined) {
    const { decisions: version, oracleKey: owner } = readLine(path, 1, header, first);
    if (version > VERSION) {
      throw new NunetError(
        'decisions-newer',
        `Cannot read ${path}: it is of version ${version}, this program knows ${VERSION}; use a newer one`,
      );
    }
    if (owner !== oracleKey) {
      throw new NunetError(
        'decisions-foreign',
        `Cannot use ${path}: it is of oracle ${owner}, this is ${oracleKey}; one data folder an oracle key`,
      );
    }
  }
  rest.forEach((text, i) => {
    const entry = readLine(path, i + 2, row, text);
    const before = entries.get(entry.lock);
    if (before !== undefined && !sameOutcome(before, entry)) throw damaged(path, i + 2, 'a second outcome for one lock');
    entries.set(entry.lock, entry);
  });

  const file = await open(path, 'a', 0o600);
  if (whole.length < text.length) await file.truncate(Buffer.byteLength(whole));
  if (first === undefined) await write(file, line({ decisions: VERSION, oracleKey }));
  await syncFolder(path);

  let queue: Promise<void> = Promise.resolve();
  let broken = false;
  return {
    entries,
    append(decision) {
      const done = queue.then(async () => {
        const before = entries.get(decision.lock);
        if (before !== undefined) {
          if (sameOutcome(before, decision)) return;
          throw new NunetError(
            'already-decided',
            `Cannot decide ${decision.lock} as ${decision.verdict} ${decision.paid}: it was decided as ${before.verdict} ${before.paid}`,
          );
        }
        if (broken)
          throw new NunetError(
            'decisions-unwritable',
            `Cannot decide ${decision.lock}: ${path} could not be written before; see the disk, then restart`,
          );
        // After half a line nothing may follow, or the next start would find damage in the middle.
        broken = true;
        await write(file, line(decision));
        broken = false;
        entries.set(decision.lock, decision);
      });
      queue = done.catch(() => undefined);
      return done;
    },
    async close() {
      await queue;
      await file.close();
    },
  };
}

export const sameOutcome = (a: DecisionRow, b: DecisionRow): boolean => a.verdict === b.verdict && a.paid === b.paid;

async function write(file: FileHandle, text: string): Promise<void> {
  await file.appendFile(text);
  await file.datasync();
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

const damaged = (path: string, number: number, why: string): NunetError =>
  new NunetError(
    'decisions-damaged',
    `Cannot read ${path}: line ${number} is damaged (${why}); restore it from a copy, nothing was changed`,
  );

function readLine<T>(path: string, number: number, schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    throw damaged(path, number, 'not as written');
  }
}
