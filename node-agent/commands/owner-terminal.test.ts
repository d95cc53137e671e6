// What an owner types: against the control socket of an agent, and without one.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { openAgentLog } from '../agent-log.ts';
import type { AgentStatus } from '../agent-status.ts';
import { pathsOf, readConfig, writeConfig } from '../config.ts';
import { sampleConfig } from '../config-fixture.ts';
import { controlSocketOf, serveControl } from '../control-socket.ts';
import type { JobLine } from '../job-line.ts';
import { loadPeerKey } from '../network/identity.ts';
import { readPause } from '../pause-file.ts';
import { command as capacity } from './capacity.ts';
import { command as config } from './config.ts';
import type { Command, CommandIo } from './flags.ts';
import { command as jobs } from './jobs.ts';
import { command as logs } from './logs.ts';
import { command as offboard } from './offboard.ts';
import { pause, resume } from './pause.ts';
import { command as updateCheck } from './update-check.ts';

let folder: string;
const closing: (() => Promise<unknown>)[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terminal-'));
  await writeConfig(pathsOf(folder).config, sampleConfig());
  await loadPeerKey(pathsOf(folder).peerKey);
});
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
  await rm(folder, { recursive: true, force: true });
});

async function typed(command: Command, ...args: string[]) {
  const lines: string[] = [];
  const io: CommandIo = { print: (line) => lines.push(line), warn: () => {}, signal: new AbortController().signal };
  const action = args[0]?.startsWith('-') === false ? args : [];
  const flags = action.length === 0 ? args : [];
  const code = await command.run([...action, '--data', folder, ...flags], io);
  return { code, out: lines.join('\n') };
}

const job = (name: string, change: Partial<JobLine>): JobLine => ({
  jobId: `bafy2bzace${name.padEnd(50, 'a')}`,
  title: `job ${name}`,
  state: 'finished',
  detail: null,
  lock: `${'00'.repeat(32)}#0`,
  amountBaseUnits: '5000000',
  payBaseUnits: null,
  voucherBaseUnits: null,
  closedBaseUnits: null,
  paidBaseUnits: null,
  acceptedAtMs: 0,
  changedAtMs: 0,
  ...change,
});
const endsIn = (text: string, change: Partial<JobLine>): JobLine => ({ ...job('x', change), jobId: `bafy2bzace${'a'.repeat(44)}${text}` });

/** An agent as far as its control socket shows; `orders`: what it was told. */
async function running(status: Partial<AgentStatus>, answer: (order: { type: string }) => unknown = () => ({})) {
  const orders: { type: string }[] = [];
  const offer = { cpus: 4, memoryBytes: 2 ** 33, diskBytes: 2 ** 34, gpus: 0 };
  const whole = { jobs: [], capacity: { total: offer, free: { ...offer, cpus: 1 } }, pausedBy: null, ...status };
  const control = await serveControl(controlSocketOf(folder), {
    get: { status: async () => whole },
    post: {
      order: async (body) => {
        orders.push(body as { type: string });
        return { answer: answer(body as { type: string }) };
      },
    },
  });
  closing.push(() => control.close());
  return { orders, whole };
}

describe('pause and resume', () => {
  it('tell the running agent', async () => {
    const { orders } = await running({});
    expect((await typed(pause)).out).toContain('No new jobs');
    expect(JSON.parse((await typed(resume, '--json')).out)).toEqual({ isPaused: false, isRunning: true });
    expect(orders).toEqual([{ type: 'pause' }, { type: 'resume' }]);
  });

  it('hold for the next start where none runs', async () => {
    await typed(pause);
    expect(await readPause(pathsOf(folder).pause)).toBe('terminal');
    await typed(resume);
    expect(await readPause(pathsOf(folder).pause)).toBeNull();
  });
});

describe('jobs', () => {
  it('are listed with their money, the latest first', async () => {
    await running({
      jobs: [job('a', { paidBaseUnits: '2000000' }), job('b', { closedBaseUnits: '1500000' }), job('c', { state: 'running' })],
    });
    const { out } = await typed(jobs);
    expect(out.split('\n')[0]).toContain('up to 5 NTX');
    expect(out).toMatch(/paid 2 NTX[^]*earned 2 NTX, 1.5 NTX to claim/);
    const running2 = await typed(jobs, '--running', '--json');
    expect(running2.out.split('\n').map((line) => (JSON.parse(line) as JobLine).title)).toEqual(['job c']);
    await expect(typed(jobs, '--limit', '0')).rejects.toMatchObject({ code: 'flag-invalid' });
  });

  it('are read from the journal where none runs', async () => {
    expect((await typed(jobs)).out).toContain('0 of 0 jobs');
  });

  test('cannot move the cursor by their title', async () => {
    await running({ jobs: [job('a', { title: 'x\u001b[2J' })] });
    expect((await typed(jobs)).out).not.toContain('\u001b');
    expect((await typed(jobs, '--json')).out).not.toContain('\u001b');
  });
});

describe('logs', () => {
  it('of the agent come from its file', async () => {
    openAgentLog(folder, () => 0)('a hub is gone');
    expect((await typed(logs)).out).toContain('a hub is gone');
  });

  it('of a job come through the agent, page by page, to its end', async () => {
    const all = Array.from({ length: 2_500 }, (_, at) => `line ${at}`);
    await running({ jobs: [endsIn('endoflog', {})] }, (asked) => {
      const { fromLine, lines } = asked as unknown as { fromLine: number; lines: number };
      return { fromLine, lines: all.slice(fromLine, fromLine + lines), total: all.length };
    });
    const { out } = await typed(logs, 'endoflog', '--follow', '--lines', '2400');
    expect(out.split('\n')).toEqual(all.slice(100));
    await expect(typed(logs, 'nothere')).rejects.toThrow(/Cannot find job/);
    await expect(typed(logs, 'log')).rejects.toThrow(/Cannot find job/);
  });
});

describe('capacity', () => {
  it('shows machine, share and what is free', async () => {
    await running({ pausedBy: 'owner' });
    expect((await typed(capacity)).out).toMatch(/machine +lent +free now\nCPUs +\d+ +4 +1\n[^]*Paused/);
  });
  it('works without a running agent', async () => {
    expect(JSON.parse((await typed(capacity, '--json')).out)).toMatchObject({ isRunning: false, free: null });
  });
});

describe('config', () => {
  it('sets what a running agent can take at once through it, and the rest in the file', async () => {
    const { orders } = await running({});
    expect((await typed(config, 'set', 'share.cpus', '60')).out).toBe('share.cpus is 60; the agent takes it now.');
    expect(orders).toEqual([{ type: 'change', change: { share: { cpus: 60, memory: 50, disk: 50 } } }]);
    expect((await typed(config, 'set', 'listen.relay', 'yes')).out).toContain('at the next start');
    expect((await readConfig(pathsOf(folder).config)).listen.relay).toBe(true);
  });

  it('shows and checks, and says what is wrong', async () => {
    expect((await typed(config)).out).toMatch(/^share\.cpus 50$/m);
    expect((await typed(config, 'check')).out).toContain('version 2');
    await expect(typed(config, 'set', 'share.cpus', '95')).rejects.toMatchObject({ code: 'config-invalid' });
    await expect(typed(config, 'set', 'share.cpus')).rejects.toThrow();
    await expect(typed(config, 'frobnicate')).rejects.toMatchObject({ code: 'flag-invalid' });
  });
});

describe('offboard', () => {
  const purgeWith = async (answer: string | undefined, ...flags: string[]) => {
    const lines: string[] = [];
    const io: CommandIo = {
      print: (line) => lines.push(line),
      warn: () => {},
      signal: new AbortController().signal,
      ask: answer === undefined ? undefined : async () => answer,
    };
    return { code: await offboard.run(['--data', folder, '--purge', ...flags], io), out: lines.join('\n') };
  };

  it('pauses the agent, and says what runs', async () => {
    const { orders } = await running({ jobs: [job('a', { state: 'running' })] });
    const { code, out } = await typed(offboard);
    expect(code).toBe(3);
    expect(out).toMatch(/1 job runs on[^]*job a/);
    expect(orders).toEqual([{ type: 'pause' }]);
  });

  it('waits for the end, and lists pay that nobody claimed', async () => {
    const { whole } = await running({ jobs: [job('a', { state: 'running' })] }, () => {
      whole.jobs = [job('a', { closedBaseUnits: '1500000' }), job('b', { payBaseUnits: '700000' })];
      return {};
    });
    const { code, out } = await typed(offboard, '--wait');
    expect(code).toBe(0);
    expect(out).toMatch(/1\.5 NTX were not claimed yet[^]*0\.7 NTX are asked for and not decided/);
    await expect(purgeWith('yes')).rejects.toMatchObject({ code: 'already-running' });
    expect(existsSync(pathsOf(folder).peerKey)).toBe(true);
  });

  test('cannot purge without a typed yes', async () => {
    await expect(purgeWith('y')).rejects.toMatchObject({ code: 'purge-refused' });
    await expect(purgeWith(undefined)).rejects.toMatchObject({ code: 'flag-missing' });
    expect(existsSync(pathsOf(folder).peerKey)).toBe(true);
  });

  it('purges what is the agent’s, and leaves what is not', async () => {
    await mkdir(join(folder, 'blobs', 'x'), { recursive: true });
    await writeFile(join(folder, 'my-notes.txt'), 'mine');
    expect((await purgeWith('yes')).out).toContain('left there: my-notes.txt');
    expect(await readdir(folder)).toEqual(['my-notes.txt']);
  });

  it('removes the folder when nothing else is in it', async () => {
    expect(JSON.parse((await purgeWith(undefined, '--yes', '--json')).out)).toMatchObject({ isPurged: true, left: [] });
    expect(existsSync(folder)).toBe(false);
  });
});

describe('update-check', () => {
  const check = async (...args: string[]) => {
    const lines: string[] = [];
    const io: CommandIo = { print: (line) => lines.push(line), warn: () => {}, signal: new AbortController().signal };
    return { code: await updateCheck.run(args, io), out: lines.join('\n') };
  };
  const serving = async (body: string, status = 200): Promise<string> => {
    const server = createServer((_, response) => response.writeHead(status).end(body));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => new Promise((done) => server.close(done)));
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/latest`;
  };

  it('asks nobody without an address, and the named one with it', async () => {
    expect(await check()).toMatchObject({ code: 0, out: expect.stringContaining('Nobody was asked') });
    expect(await check('--url', await serving('{"version":"9.0.0","more":1}'))).toMatchObject({
      code: 3,
      out: expect.stringContaining('9.0.0'),
    });
    expect(await check('--url', await serving('{"version":"0.0.1"}'), '--json')).toEqual({
      code: 0,
      out: '{"version":"0.1.0","latest":"0.0.1","isNewer":false}',
    });
  });

  test.each(['<html>', '{}', '{"version":"latest"}', '{"version":"1.0.0\\u001b[2J"}', `{"version":"${'1'.repeat(2 ** 21)}"}`])(
    'cannot be fooled by %.40j',
    async (body) => {
      await expect(check('--url', await serving(body))).rejects.toMatchObject({ code: 'update-unknown' });
    },
  );

  test('cannot be sent to plain http elsewhere, or to a file', async () => {
    for (const url of ['http://example.org/', 'file:///etc/passwd', 'nonsense'])
      await expect(check('--url', url)).rejects.toBeInstanceOf(NunetError);
    await expect(check('--url', await serving('', 500))).rejects.toMatchObject({ code: 'update-unknown' });
  });
});
