// A container job as people run it, over a real devnet, hub, agent and container engine: epochs, checkpoints, and going on from one.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashOfCid } from '@nunet/shared/encoding.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommand } from '../commands/run.ts';
import { ContainerExecutor } from '../executor/container/container.ts';
import { startTestEngine, type TestEngine } from '../executor/container/test-engine.ts';
import { busyboxImage, importImage } from '../executor/container/test-images.ts';
import { testSettings } from '../executor/container/test-settings.ts';
import { systemClock } from '../executor/embedded.ts';
import { openSmallNetwork, type SmallNetwork } from './small-network.ts';

let engine: TestEngine;
let network: SmallNetwork;
let executor: ContainerExecutor;
let image: string;
beforeAll(async () => {
  engine = await startTestEngine();
  const busybox = await busyboxImage();
  await importImage(engine.docker, busybox);
  image = busybox.reference;
  network = await openSmallNetwork({
    executors: (folder) => {
      const settings = testSettings({ folder, workRoot: join(folder, 'work'), stateDir: join(folder, 'engine'), socket: engine.socket });
      executor = new ContainerExecutor({ clock: systemClock, settings });
      return [executor];
    },
  });
});
afterAll(async () => {
  await network.stop();
  await executor.close();
  await engine.stop();
});

/** Counts epochs in its workspace up to 6, and gets no further than the fourth when it began at the first. */
const SCRIPT = `
n=$(cat n 2>/dev/null || echo 0)
echo "begins after epoch $n"
first=$n
while [ $n -lt 6 ]; do
  n=$((n + 1)); echo $n > n
  echo "{\\"epoch\\": $n, \\"loss\\": 0.$((9 - n))}"
  if [ $n = 4 ] && [ $first = 0 ]; then while :; do echo . >> ticks; sleep 0.2; done; fi
done
echo "$first to $n" > /outputs/epochs.txt
`;

interface Told {
  event: string;
  [field: string]: unknown;
}

async function run(
  name: string,
  argv: string[],
  onEvent: (event: Told) => void = () => undefined,
): Promise<{ code: number; events: Told[] }> {
  const events: Told[] = [];
  const folder = join(network.folder, 'runs');
  await mkdir(folder, { recursive: true });
  const { path: wallet } = await network.wallet(name);
  const fixed = ['--wallet', wallet, '--network-record', network.recordPath, '--pinned', network.pinned, '--chain', network.devnet.url];
  const code = await runCommand([...argv, ...fixed, '--data', folder, '--out', join(network.folder, `out-${name}`), '--yes', '--json'], {
    print: (line) => {
      if (process.env['DEBUG'] !== undefined) process.stderr.write(`${name}: ${line}\n`);
      const event = JSON.parse(line) as Told;
      events.push(event);
      onEvent(event);
    },
    warn: () => undefined,
    signal: new AbortController().signal,
  });
  return { code, events };
}

test('a job that dies with its container leaves a checkpoint, from which another one ends what it began', async () => {
  const folder = join(network.folder, 'job');
  await mkdir(folder);
  await writeFile(join(folder, 'expected.txt'), '4 to 6\n');
  const jobFile = join(folder, 'job.json');
  await writeFile(
    jobFile,
    JSON.stringify({
      version: 1,
      title: 'count epochs',
      resources: { cpus: 1, memoryBytes: 2 ** 27, diskBytes: 2 ** 25, gpus: 0 },
      timeLimitMs: 90_000,
      outputLimitBytes: 2 ** 20,
      budget: '200',
      inputs: {},
      program: { kind: 'container', run: { type: 'image', image, command: ['sh', '-c', SCRIPT] }, checkpointEveryMs: 1_000 },
      check: { type: 'equals', files: { 'epochs.txt': 'expected.txt' } },
    }),
  );
  const kill = async (): Promise<void> => {
    const found = await engine.docker.listContainers({ filters: { label: ['nunet.execution'] } });
    for (const { Id } of found) await engine.docker.getContainer(Id).kill();
  };
  let killing: Promise<void> | undefined;
  let epochs = 0;
  let since = 0;
  const first = await run('first', [jobFile], (event) => {
    if (event.event === 'log' && String(event['line']).includes('"epoch"')) epochs += 1;
    if (event.event !== 'checkpoint-saved' || epochs < 4) return;
    since += 1;
    // The first may have been taken before the fourth epoch, whose line came meanwhile; the second was not.
    if (since === 2) killing ??= kill();
  });
  await killing;
  expect(first.events.at(-1)).toMatchObject({ event: 'end', job: 'failed', lock: 'refunded', wallet: { reconciled: true } });
  expect(first.code).toBe(3);
  const progress = first.events.filter(({ event, phase }) => event === 'progress' && phase === 'steps');
  expect(progress.at(-1)).toMatchObject({ epoch: 4, total: 0, metrics: [{ name: 'loss', value: 0.5 }] });
  const { jobId } = first.events.find(({ event }) => event === 'prepared') as unknown as { jobId: string };
  const jobFolder = join(network.folder, 'runs', 'jobs', hashOfCid(jobId));
  expect((await readdir(join(jobFolder, 'checkpoints'))).every((name) => /^checkpoint-\d+\.tar$/.test(name))).toBe(true);

  const second = await run('second', [jobFile, '--resume-from', jobFolder]);
  expect(second.events.at(-1)).toMatchObject({
    event: 'end',
    job: 'finished',
    lock: 'withdrawn',
    answer: 'ack',
    wallet: { reconciled: true },
  });
  expect(second.code).toBe(0);
  expect(second.events.find(({ event }) => event === 'log')).toMatchObject({ line: 'begins after epoch 4' });
  expect(await readFile(join(network.folder, 'out-second', 'epochs.txt'), 'utf8')).toBe('4 to 6\n');
  const manifest = second.events.find(({ event }) => event === 'manifest');
  expect(manifest).toMatchObject({ sandbox: 'container', exit: { kind: 'completed' } });
});
