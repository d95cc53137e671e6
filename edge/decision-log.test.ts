import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDecisionLog } from './decision-log.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'edge-log-'));
  path = join(folder, 'decisions.jsonl');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const KEY = 'aa'.repeat(32);
const lock = (n: number): string => `${n.toString(16).padStart(64, '0')}#0`;
const decision = (n: number, paid: bigint) => ({ lock: lock(n), verdict: 'withdraw' as const, rule: 'silent', paid, decidedAt: 7 });
const reopened = async () => {
  const log = await openDecisionLog(path, KEY);
  await log.close();
  return log.entries;
};

test('what was appended is there after reopening, to the base unit', async () => {
  const log = await openDecisionLog(path, KEY);
  await Promise.all([log.append(decision(1, 2n ** 62n)), log.append(decision(2, 0n))]);
  await log.close();
  expect([...(await reopened()).values()]).toEqual([decision(1, 2n ** 62n), decision(2, 0n)]);
});

test('cannot append a second outcome for one lock, also when both come at once', async () => {
  const log = await openDecisionLog(path, KEY);
  const [a, b, again] = await Promise.allSettled([log.append(decision(1, 5n)), log.append(decision(1, 6n)), log.append(decision(1, 5n))]);
  expect([a?.status, b?.status, again?.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  await log.close();
  expect((await reopened()).get(lock(1))?.paid).toBe(5n);
});

test('a last line that a crash cut short is dropped: nothing was signed after it', async () => {
  const log = await openDecisionLog(path, KEY);
  await log.append(decision(1, 5n));
  await log.close();
  await appendFile(path, '{"lock":"00');
  const again = await openDecisionLog(path, KEY);
  await again.append(decision(2, 6n));
  await again.close();
  expect([...(await reopened()).keys()]).toEqual([lock(1), lock(2)]);
});

test('every cut of the file opens, with the whole lines before it', async () => {
  const log = await openDecisionLog(path, KEY);
  for (const n of [1, 2]) await log.append(decision(n, BigInt(n)));
  await log.close();
  const whole = await readFile(path);
  for (let cut = 0; cut <= whole.length; cut += 7) {
    await writeFile(path, whole.subarray(0, cut));
    const lines = whole.subarray(0, cut).filter((byte) => byte === 0x0a).length;
    expect((await reopened()).size).toBe(Math.max(0, lines - 1));
  }
});

test('cannot start over damage in the middle, a newer file, another oracle or a contradiction', async () => {
  const head = JSON.stringify({ decisions: 1, oracleKey: KEY });
  const line = (paid: string) => JSON.stringify({ ...decision(1, 0n), paid });
  const opened = async (text: string) => {
    await writeFile(path, text);
    return openDecisionLog(path, KEY).then(
      () => 'opened',
      (error: { code: string }) => error.code,
    );
  };
  expect(await opened(`${head}\nnonsense\n${line('5')}\n`)).toBe('decisions-damaged');
  expect(await opened(`${head}\n${line('-5')}\n`)).toBe('decisions-damaged');
  expect(await opened(`${head}\n${line('5')}\n${line('6')}\n`)).toBe('decisions-damaged');
  expect(await opened(`${JSON.stringify({ decisions: 2, oracleKey: KEY })}\n`)).toBe('decisions-newer');
  expect(await opened(`${JSON.stringify({ decisions: 1, oracleKey: 'bb'.repeat(32) })}\n`)).toBe('decisions-foreign');
});
