import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askControl, controlSocketOf, orderControl, serveControl } from './control-socket.ts';

let folder: string;
let path: string;
let orders: unknown[];
let server: { close(): Promise<void> };
const soon = (): AbortSignal => AbortSignal.timeout(10_000);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'control-'));
  path = join(folder, 'agent.sock');
  orders = [];
  server = await serveControl(path, {
    get: { status: () => Promise.resolve({ is: 'well' }) },
    post: {
      order: (body) => {
        orders.push(body);
        if (JSON.stringify(body).includes('bad')) throw new NunetError('order-bad', 'Cannot do this: it is bad');
        if (JSON.stringify(body).includes('bug')) throw new Error('of the inside');
        return Promise.resolve({ done: body });
      },
    },
  });
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

/** Raw bytes in, the whole answer out. */
const raw = (text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = createConnection(path);
    let answer = '';
    socket.on('data', (chunk: Buffer) => (answer += chunk.toString()));
    socket.on('close', () => resolve(answer));
    socket.on('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EPIPE' || error.code === 'ECONNRESET' ? resolve(answer) : reject(error),
    );
    socket.write(text);
  });

describe('the control socket', () => {
  it('is for its owner’s account alone from its first moment on', async () => {
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('answers status and orders, and null where no agent runs', async () => {
    expect(await askControl(path, 'status', soon())).toEqual({ is: 'well' });
    expect(await orderControl(path, 'order', { type: 'pause' }, soon())).toEqual({ done: { type: 'pause' } });
    expect(await orderControl(join(folder, 'other.sock'), 'order', {}, soon())).toBeNull();
  });

  it('passes our own refusals on, and nothing of a bug', async () => {
    await expect(orderControl(path, 'order', 'bad', soon())).rejects.toMatchObject({
      code: 'order-bad',
      message: 'Cannot do this: it is bad',
    });
    const bug = await orderControl(path, 'order', 'bug', soon()).catch((error: unknown) => error);
    expect(bug).toMatchObject({ code: 'control-failed' });
    expect(String(bug)).not.toContain('of the inside');
  });

  it('cannot be asked for anything else, or made to do with GET what POST does', async () => {
    for (const [name, method] of [
      ['constructor', 'GET'],
      ['toString', 'POST'],
      ['order', 'GET'],
      ['status', 'POST'],
      ['status', 'DELETE'],
      ['../status', 'GET'],
    ]) {
      const answer = await raw(`${method} /${name} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}`);
      expect(answer, `${method} ${name}`).toContain(' 404 ');
    }
    expect(orders).toEqual([]);
  });

  it('cannot be filled with a body that never ends, or one that is no JSON', async () => {
    const head = 'POST /order HTTP/1.1\r\nHost: x\r\nConnection: close\r\n';
    expect(await raw(`${head}Content-Length: 100000000\r\n\r\n${' '.repeat(200_000)}`)).toMatch(/ 400 |^$/);
    expect(await raw(`${head}Content-Length: 3\r\n\r\n{"a`)).toContain('order-invalid');
    expect(orders).toEqual([]);
    expect(await askControl(path, 'status', soon())).toEqual({ is: 'well' });
  });

  it('takes the place of a dead process’s socket', async () => {
    const next = join(folder, 'next.sock');
    await writeFile(next, '');
    const other = await serveControl(next, { get: { status: () => Promise.resolve(1) } });
    expect(await askControl(next, 'status', soon())).toBe(1);
    await other.close();
  });

  it('cannot lie in a folder that others may change', async () => {
    await chmod(folder, 0o777);
    await expect(serveControl(join(folder, 'x.sock'), { get: {} })).rejects.toMatchObject({ code: 'control-open' });
  });

  it('lies in a folder of its owner’s own where the data folder is too deep', () => {
    const deep = join('/', 'd'.repeat(120));
    expect(controlSocketOf(deep).startsWith(join(tmpdir(), `nunet-${userInfo().uid}`))).toBe(true);
    expect(controlSocketOf('/data')).toBe('/data/agent.sock');
  });
});
