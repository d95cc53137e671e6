import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MAX_LOG_LINE, MAX_LOG_LINES, type FollowEvent } from '@nunet/shared/wire.ts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { JobBook, StateEvent } from './job-book.ts';
import { JobFeed } from './job-feed.ts';

let folder: string;
let path: string;
let events: StateEvent[];
const watchers = new Set<() => void>();
/** What a feed reads of a book: one job and its changes. */
const book = {
  job: () => ({ events }),
  watch: (_: string, wake: () => void) => {
    watchers.add(wake);
    return () => watchers.delete(wake);
  },
} as unknown as JobBook;
const go = (state: StateEvent['state']): void => {
  events.push({ state, at: 1, detail: null });
  for (const wake of watchers) wake();
};

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'feed-'));
  path = join(folder, 'logs', 'job.log');
  events = [{ state: 'quoted', at: 1, detail: null }];
});
afterEach(() => rm(folder, { recursive: true }));

async function linesFrom(feed: JobFeed, from: number): Promise<[number, string][]> {
  const lines: [number, string][] = [];
  for await (const event of feed.follow(events.length, from, AbortSignal.timeout(5_000))) {
    if (event.type === 'log') lines.push([event.offset, event.line]);
  }
  return lines;
}

it('tells lines, states and progress as they come, and ends with the job', async () => {
  const feed = await JobFeed.open(book, 'job', path);
  const seen: FollowEvent[] = [];
  const following = (async () => {
    for await (const event of feed.follow(0, 0, AbortSignal.timeout(5_000))) {
      seen.push(event);
      if (event.type === 'state' && event.state === 'quoted') feed.log('one');
      if (event.type === 'log' && event.line === 'one') feed.progress({ phase: 'steps', done: 1, total: 2, epoch: 1, metrics: [] });
      if (event.type === 'progress') feed.log('two');
      if (event.type === 'log' && event.line === 'two') go('failed');
    }
  })();
  await following;
  expect(seen.map((event) => (event.type === 'state' ? event.state : event.type === 'log' ? event.line : event.type))).toEqual([
    'quoted',
    'one',
    'progress',
    'two',
    'failed',
    'end',
  ]);
});

it('goes on from any offset after a restart, a half-written last line left out', async () => {
  const feed = await JobFeed.open(book, 'job', path);
  for (let n = 0; n < 1_000; n += 1) feed.log(`line ${n} ${'é'.repeat(n % 7)}`);
  await feed.close();
  await writeFile(path, Buffer.concat([await readFile(path), Buffer.from('half a li')]));
  const again = await JobFeed.open(book, 'job', path);
  again.log('after');
  go('failed');
  for (const from of [0, 255, 256, 257, 998, 1_000]) {
    const lines = await linesFrom(again, from);
    expect(lines[0]?.[0]).toBe(from);
    expect(lines).toHaveLength(1_001 - from);
    expect(lines.at(-1)).toEqual([1_000, 'after']);
  }
  expect(await linesFrom(again, 5_000)).toEqual([]);
});

it('keeps a line one line, whatever is in it, and cuts a long one', async () => {
  const feed = await JobFeed.open(book, 'job', path);
  feed.log('a\nb\r\nc\u2028d');
  feed.log('x'.repeat(MAX_LOG_LINE + 50));
  feed.log('');
  go('failed');
  expect(await linesFrom(feed, 0)).toEqual([
    [0, 'a b c d'],
    [1, 'x'.repeat(MAX_LOG_LINE)],
    [2, ''],
  ]);
});

it('cannot be flooded: lines beyond the limit are dropped, and the last one says so', async () => {
  const feed = await JobFeed.open(book, 'job', path);
  for (let n = 0; n < MAX_LOG_LINES + 10; n += 1) feed.log('y');
  go('failed');
  const lines = await linesFrom(feed, MAX_LOG_LINES - 2);
  expect(lines).toHaveLength(2);
  expect(lines[1]?.[1]).toContain('the log ends here');
});

it('ends with its follower', async () => {
  const feed = await JobFeed.open(book, 'job', path);
  const stop = new AbortController();
  const following = (async () => {
    for await (const _ of feed.follow(0, 0, stop.signal)) stop.abort(new Error('gone'));
  })();
  await expect(following).rejects.toThrow('gone');
  expect(watchers.size).toBe(0);
});
