// A disk that is full, for real: the agent's folder lies on a small file system of its own, in a mount namespace of a child.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';

const PRELUDE = `
  import { rm, writeFile, appendFile } from 'node:fs/promises';
  import { join } from 'node:path';
  import { tmpdir } from 'node:os';
  import { openWorld } from ${JSON.stringify(new URL('./agent-fixtures.ts', import.meta.url).href)};
  const filler = join(tmpdir(), 'filler');
  /** Leaves this many bytes free. */
  const fill = async (leave) => {
    await writeFile(filler, '');
    try { for (;;) await appendFile(filler, Buffer.alloc(4_096)); } catch (error) { if (error.code !== 'ENOSPC') throw error; }
    if (leave > 0) { const { truncate, stat } = await import('node:fs/promises'); await truncate(filler, (await stat(filler)).size - leave); }
  };
  const until = async (holds) => { while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 10)); };
  const job = async () => (await world.agent.status()).jobs[0];
  const say = (value) => console.log(JSON.stringify(value));
  const world = await openWorld();
  // Chain time goes as time does, so that nothing is late because this takes long.
  world.chain.blockMs = 20;`;

/** What the program says, line by line, on a file system of \`bytes\`. */
async function onSmallDisk(bytes: number, program: string): Promise<unknown[]> {
  const folder = await mkdtemp(join(tmpdir(), 'small-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const script = 'mount -t tmpfs -o size=$2 tmpfs "$1" && TMPDIR="$1" exec "$3" --input-type=module -e "$4"';
  const mapping = process.getuid?.() === 0 ? [] : ['--map-root-user', '--user'];
  const args = [
    ...mapping,
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-c',
    script,
    'sh',
    folder,
    String(bytes),
    process.execPath,
    `${PRELUDE}\n${program}\nprocess.exit(0);`,
  ];
  const child = spawn('unshare', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  expect(await ended).toEqual([0, null]);
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown);
}

it(
  'cannot promise what its journal cannot hold: the agent stops with the reason, and goes on from what it wrote once there is room',
  { timeout: 60_000 },
  async () => {
    const [stopped, again, state] = await onSmallDisk(
      12 * 2 ** 20,
      `
    world.script = { steps: [] };
    const quote = await world.client.goodQuote();
    const lock = world.chain.lock(quote);
    await fill(0);
    const over = world.agent.stopped.then(() => 'stopped', (error) => error.code);
    // A few bytes may still fit behind the last entry: the first quote that does not is never given.
    let given = 0;
    for (; given < 100; given += 1) if (await world.client.quote({ timeLimitMs: 5_000 + given }).then(() => false, () => true)) break;
    say({ over: await over, given });
    await rm(filler);
    await world.agent.stop();
    await world.begin();
    say({ again: (await world.client.run(quote, lock)).type });
    await world.whileBlocksCome(world.client.toEnd(quote.body.jobId));
    say({ state: (await job()).state });`,
    );
    expect(stopped).toEqual({ over: expect.stringMatching(/^journal-/) as string, given: expect.any(Number) as number });
    expect(again).toEqual({ again: 'accepted' });
    expect(state).toEqual({ state: 'finished' });
  },
);

it(
  'cannot keep the money of a job whose inputs have no room: it is refused by name, and the next one runs',
  { timeout: 60_000 },
  async () => {
    const [refused, next] = await onSmallDisk(
      12 * 2 ** 20,
      `
    world.script = { steps: [] };
    const quote = await world.client.goodQuote();
    // Room for the journal, not for 300 kB of inputs.
    await fill(128 * 1024);
    await world.client.run(quote, world.chain.lock(quote));
    const events = await world.whileBlocksCome(world.client.toEnd(quote.body.jobId));
    say({ states: events.flatMap((event) => (event.type === 'state' ? [event.state + ' ' + (event.detail ?? '')] : [])).at(-1), told: world.oracles.map((oracle) => oracle.kinds().includes('lock-refusal')) });
    await rm(filler);
    const { jobIdOf } = await import(${JSON.stringify(new URL('../shared/job-spec.ts', import.meta.url).href)});
    const spec = { ...world.client.spec, nonce: 'f'.repeat(32) };
    const other = await world.client.quote({ jobId: jobIdOf(spec) });
    await world.client.run(other.quote, world.chain.lock(other.quote), spec);
    await world.whileBlocksCome(world.client.toEnd(other.quote.body.jobId));
    say({ next: (await world.agent.status()).jobs.map(({ state }) => state) });`,
    );
    expect(refused).toMatchObject({ states: expect.stringMatching(/^refused .*disk/) as string });
    expect(next).toEqual({ next: ['refused', 'finished'] });
  },
);
