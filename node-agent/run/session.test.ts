// `nunet-agent run` as people use it, over a real devnet, hub, agent and HTTP oracles.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { balanceOf } from '@nunet/contracts/holdings.ts';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runCommand } from '../commands/run.ts';
import { openSmallNetwork, writeAddOneJob, type SmallNetwork } from './small-network.ts';

let network: SmallNetwork;
beforeAll(async () => {
  network = await openSmallNetwork();
});
afterAll(() => network.stop());

interface RunEvent {
  event: string;
  [field: string]: unknown;
}

/** The last event of a run; amounts are decimal text. */
interface EndEvent extends RunEvent {
  job: string;
  jobDetail: string;
  lock: string;
  answer: string | null;
  lockTxId: string;
  amountBaseUnits: string;
  payBaseUnits: string;
  check: { detail: string } | null;
  spent: { how: string; paidBaseUnits: string; changeBaseUnits: string };
  wallet: { reconciled: boolean };
}

interface Ran {
  code: number;
  events: RunEvent[];
  end: EndEvent | undefined;
  error: Error | undefined;
}

function argvOf(name: string, jobFile: string, wallet: string): string[] {
  const folder = join(network.folder, 'runs', name);
  return [
    ...[jobFile, '--wallet', wallet, '--network-record', network.recordPath, '--pinned', network.pinned, '--chain', network.devnet.url],
    ...['--data', join(folder, 'data'), '--out', join(folder, 'out'), '--yes', '--json'],
  ];
}

async function run(name: string, jobFile: string, wallet: string, more: string[] = [], onEvent = (_event: RunEvent) => {}): Promise<Ran> {
  const events: RunEvent[] = [];
  await mkdir(join(network.folder, 'runs', name), { recursive: true });
  const argv = argvOf(name, jobFile, wallet);
  let error: Error | undefined;
  const code = await runCommand([...argv, ...more], {
    print: (line) => {
      if (process.env['DEBUG'] !== undefined) process.stderr.write(`${name}: ${line}\n`);
      const event = JSON.parse(line) as RunEvent;
      events.push(event);
      onEvent(event);
    },
    warn: () => undefined,
    signal: new AbortController().signal,
  }).catch((thrown: unknown) => {
    error = thrown as Error;
    return 1;
  });
  return { code, events, end: events.find((event): event is EndEvent => event.event === 'end'), error };
}

describe('run', () => {
  test('an honest job is paid for its billed time and the wallet reconciles to the base unit', async () => {
    const { path, wallet } = await network.wallet('honest');
    const job = await writeAddOneJob(join(network.folder, 'honest'));
    const { code, end, events, error } = await run('honest', job, path);
    expect(error).toBeUndefined();
    expect(end?.job).toBe('finished');
    expect(end?.lock).toBe('withdrawn');
    expect(end?.answer).toBe('ack');
    expect(end?.wallet?.reconciled).toBe(true);
    expect(BigInt(end!.spent.paidBaseUnits)).toBe(BigInt(end!.payBaseUnits));
    expect(BigInt(end!.spent.paidBaseUnits) + BigInt(end!.spent.changeBaseUnits)).toBe(BigInt(end!.amountBaseUnits));
    const held = balanceOf(await network.chain.utxos(wallet.address), network.record.asset);
    expect(held.baseUnits).toBe(100_000_000n - BigInt(end!.payBaseUnits));
    expect(await readdir(join(network.folder, 'runs', 'honest', 'out'))).toEqual(['y.npy']);
    expect(await readFile(join(network.folder, 'runs', 'honest', 'out', 'y.npy'))).toEqual(
      await readFile(join(network.folder, 'honest', 'expected.npy')),
    );
    expect(events.find((event) => event.event === 'quotes')?.['offers']).toHaveLength(1);
    expect(code).toBe(0);
  });

  test('is paid the same through Koios, with every amount compared with a second source', async () => {
    const { path } = await network.wallet('koios');
    const job = await writeAddOneJob(join(network.folder, 'koios'));
    const { url } = network.devnet;
    const { code, end, error } = await run('koios', job, path, [
      ...['--chain', `koios:${url}/koios/api/v1`],
      ...['--chain2', url, '--compare-above', '0'],
    ]);
    expect(error).toBeUndefined();
    expect(end).toMatchObject({ job: 'finished', lock: 'withdrawn', answer: 'ack', wallet: { reconciled: true } });
    expect(code).toBe(0);
  });

  test('cannot lose its lock to a rollback: it is submitted again and the job is paid', async () => {
    const { path } = await network.wallet('rolled-back');
    const job = await writeAddOneJob(join(network.folder, 'rolled-back'));
    let rolledBack = 0;
    const { end, error, events } = await run('rolled-back', job, path, [], ({ event, state }) => {
      if (event !== 'lock' || state !== 'locked' || rolledBack > 0) return;
      rolledBack += 1;
      network.devnet.ledger.rollback(3, 'vanish');
    });
    expect(error).toBeUndefined();
    expect(rolledBack).toBe(1);
    const way = events.filter(({ event }) => event === 'lock').map(({ state }) => state);
    expect(way.join(' ')).toContain('submitted locked submitted locked');
    expect(events.filter(({ event }) => event === 'lock-built')).toHaveLength(1);
    expect(end).toMatchObject({ job: 'finished', lock: 'withdrawn', wallet: { reconciled: true } });
  });

  test('outputs that differ from what was expected are disputed', async () => {
    const { path } = await network.wallet('disputed');
    const job = await writeAddOneJob(join(network.folder, 'disputed'), { expected: 5 });
    const { code, end } = await run('disputed', job, path);
    expect(end?.answer).toBe('dispute');
    expect(end?.check?.detail).toBe('output y.npy differs from the expected file');
    expect(end?.lock).toBe('refunded');
    expect(end?.wallet?.reconciled).toBe(true);
    expect(code).toBe(3);
  });

  test('an expected file that is not there is told before anybody is asked', async () => {
    const { path } = await network.wallet('no-yardstick');
    const job = await writeAddOneJob(join(network.folder, 'no-yardstick'));
    await rm(join(network.folder, 'no-yardstick', 'expected.npy'));
    const { code, error, events } = await run('no-yardstick', job, path);
    expect(code).toBe(1);
    expect(error?.message).toMatch(/check\.files\.y\.npy: .*expected\.npy does not exist/);
    expect(events.map(({ event }) => event)).toEqual(['error']);
  });

  test('a run that nobody can be asked about holds no capacity; one cancelled before its lock says how it ended', async () => {
    const { path } = await network.wallet('unasked');
    const job = await writeAddOneJob(join(network.folder, 'unasked'));
    const argv = argvOf('unasked', job, path).filter((arg) => arg !== '--yes');
    const io = { print: () => undefined, warn: () => undefined, signal: new AbortController().signal };
    // Would fail for want of capacity by the second or third time.
    for (let again = 0; again < 4; again++) await expect(runCommand(argv, io)).rejects.toMatchObject({ code: 'flag-missing' });
    const { code, end } = await run('unasked', job, path, ['--cancel']);
    expect(code).toBe(3);
    expect(end).toMatchObject({ job: 'cancelled', lock: null, lockTxId: null, wallet: { reconciled: true } });
  });

  test('a budget below every quote locks nothing and says what would do', async () => {
    const { path } = await network.wallet('poor');
    const job = await writeAddOneJob(join(network.folder, 'cheap'), { budget: '0.000001' });
    const { code, error, events } = await run('cheap', job, path);
    expect(code).toBe(1);
    expect(error?.message).toContain('a budget of 2 NTX would do');
    expect(error?.message).toContain('Nothing was locked');
    expect(events.some((event) => event.event === 'lock-built')).toBe(false);
  });

  test('a wallet without funds locks nothing', async () => {
    const { createWalletFile } = await import('../wallet-file.ts');
    const path = join(network.folder, 'empty.json');
    await createWalletFile(path, 'devnet');
    const job = await writeAddOneJob(join(network.folder, 'empty'));
    const { end } = await run('empty', job, path);
    expect(end?.job).toBe('failed');
    expect(end?.lock).toBe('dropped');
    expect(end?.jobDetail).toMatch(/fall short by [\d.]+ (NTX|ADA)/);
    expect(end?.wallet?.reconciled).toBe(true);
  });

  test('a job file with a wrong field names the field and what is allowed', async () => {
    const { path } = await network.wallet('wrong');
    const job = await writeAddOneJob(join(network.folder, 'wrong'));
    const text = await readFile(job, 'utf8');
    await writeFile(job, text.replace('"epochs": 1', '"epochs": 0').replace('"title": "add one"', '"titel": "add one"'));
    const { error } = await run('wrong', job, path);
    expect(error?.message).toContain('program.epochs');
    expect(error?.message).toContain('titel');
  });

  test('a graph that no agent runs is refused before anybody is asked', async () => {
    const { path } = await network.wallet('graph');
    const job = await writeAddOneJob(join(network.folder, 'graph'));
    await writeFile(join(network.folder, 'graph', 'graph.onnx'), 'not a graph');
    const { error, events } = await run('graph', job, path);
    expect(error?.message).toContain('graph');
    expect(events.filter((event) => event.event !== 'error')).toEqual([]);
  });

  test('two runs at once, each with its own wallet, are both paid', async () => {
    const [a, b] = [await network.wallet('one'), await network.wallet('two')];
    const [jobA, jobB] = [await writeAddOneJob(join(network.folder, 'one')), await writeAddOneJob(join(network.folder, 'two'))];
    const [first, second] = await Promise.all([run('one', jobA, a.path), run('two', jobB, b.path)]);
    expect([first.end?.lock, second.end?.lock]).toEqual(['withdrawn', 'withdrawn']);
    expect([first.end?.wallet?.reconciled, second.end?.wallet?.reconciled]).toEqual([true, true]);
  });

  test('with agent and oracles off the money is reclaimed after its time', async () => {
    const { path } = await network.wallet('reclaim');
    const job = await writeAddOneJob(join(network.folder, 'reclaim'), { expected: 6 });
    network.oraclesOn = false;
    // Nothing but time passes from here on: the chain is taken forward instead of waiting for it.
    const timer = setInterval(() => {
      void fetch(`${network.devnet.url}/devnet/advance`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ slots: 3, blocks: 1 }),
      });
    }, 100);
    try {
      const { end, error } = await run('reclaim', job, path);
      expect(error).toBeUndefined();
      expect(end?.lock).toBe('reclaimed');
      expect(end?.spent?.how).toBe('reclaim');
      expect(end?.wallet?.reconciled).toBe(true);
    } finally {
      clearInterval(timer);
      network.oraclesOn = true;
    }
  });
});

describe('cannot be lost by kill -9', () => {
  /** One process of the command; killed around its write number `at` unless that never comes. Only chaos's own program can be. */
  async function start(argv: string[], killAt: string | undefined): Promise<{ signal: NodeJS.Signals | null; end: EndEvent | undefined }> {
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', join(import.meta.dirname, '../../scripts/chaos/agent.ts'), 'run', ...argv],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        env: { ...process.env, ...(killAt === undefined ? {} : { NUNET_KILL_AT_WRITE: killAt }) },
      },
    );
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const [, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
    const events = text.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as RunEvent] : []));
    return { signal, end: events.find((event): event is EndEvent => event.event === 'end') };
  }

  test('killed at every stage and begun again, it locks once and pays once', async () => {
    const { path, wallet } = await network.wallet('killed');
    const argv = argvOf('killed', await writeAddOneJob(join(network.folder, 'killed')), path);
    // Entries: opened, quoted, lock-built, lock submitted, lock locked, job locked, told ..., manifest, checked, answer, told ...
    const kills = [
      '2:before',
      '0:after',
      '0:before',
      '0:after',
      '2:after',
      '3:before',
      '4:after',
      '5:before',
      '3:after',
      '2:before',
      '1:after',
    ];
    let killed = 0;
    let end: EndEvent | undefined;
    for (const killAt of [...kills, undefined]) {
      const process_ = await start(argv, killAt);
      if (process_.signal === 'SIGKILL') killed += 1;
      ({ end } = process_);
      if (end !== undefined) break;
    }
    expect(killed).toBeGreaterThan(5);
    expect(end?.job).toBe('finished');
    expect(end?.lock).toBe('withdrawn');
    expect(end?.answer).toBe('ack');
    expect(end?.wallet.reconciled).toBe(true);
    const held = balanceOf(await network.chain.utxos(wallet.address), network.record.asset);
    expect(held.baseUnits).toBe(100_000_000n - BigInt(end!.payBaseUnits));
  }, 180_000);
});
