// Downloads from real TLS servers on loopback. Only the check of the address is opened, and only for the servers that stand for the web.
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect, createServer as createPlainServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import type { Download } from '@nunet/shared/container-program.ts';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { downloadFile, isOutside, type DownloadOptions } from './download.ts';
import { testCertificate } from './test-certificate.ts';

const CONTENT = Buffer.from('x,y\n'.repeat(50_000));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
type Answer = (request: IncomingMessage, response: ServerResponse) => void;

/** `web` stands for the internet, `inside` for what lies behind the agent: 127.0.0.2, which the check refuses. */
let web: Server;
let inside: Server;
let port: number;
let answer: Answer;
const asked: { host: string | undefined; servername: string | undefined; headers: IncomingMessage['headers'] }[] = [];
let reached = 0;
const { key, cert } = testCertificate(['files.example', 'other.example']);
let folder: string;

const listening = async (server: Server, host: string, at: number): Promise<number> => {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(at, host, resolve));
  return (server.address() as AddressInfo).port;
};

beforeAll(async () => {
  web = createServer({ key, cert }, (request, response) => {
    asked.push({
      host: request.headers.host,
      servername: (request.socket as TLSSocket & { servername?: string }).servername,
      headers: request.headers,
    });
    answer(request, response);
  });
  inside = createServer({ key, cert }, (_, response) => void response.end(CONTENT));
  inside.on('connection', () => (reached += 1));
  port = await listening(web, '127.0.0.1', 0);
  // The same port: nothing but the address keeps a request from it.
  await listening(inside, '127.0.0.2', port);
});
afterAll(() => {
  for (const server of [web, inside]) {
    server.closeAllConnections();
    server.close();
  }
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nunet-download-'));
  asked.length = 0;
  reached = 0;
  answer = (_, response) => void response.end(CONTENT);
  return async () => rm(folder, { recursive: true });
});

const file: Download = {
  name: 'data.csv',
  url: 'https://files.example/data.csv?token=SECRET',
  sha256: sha256(CONTENT),
  bytes: CONTENT.length,
};
const optionsOf = (over: Partial<DownloadOptions> = {}): DownloadOptions => ({
  hosts: ['*'],
  access: { resolve: async () => ['127.0.0.1'], certificates: [cert], tlsPort: port },
  isAllowedAddress: (address) => address === '127.0.0.1',
  retryMs: [],
  signal: new AbortController().signal,
  ...over,
});
const fetched = async (over: Partial<Download> = {}, options: Partial<DownloadOptions> = {}): Promise<string> => {
  const path = join(folder, 'in', 'data.csv');
  await downloadFile({ ...file, ...over }, path, optionsOf(options));
  return path;
};
/** Refused by this code, with nothing left on disk and no secret in the message. */
const refused = async (code: string, over: Partial<Download> = {}, options: Partial<DownloadOptions> = {}): Promise<string> => {
  const error: unknown = await fetched(over, options).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code });
  const { message } = error as Error;
  expect(message).not.toContain('SECRET');
  expect(await readdir(join(folder, 'in')).catch(() => [])).toEqual([]);
  return message;
};

test('a file lands whole, with its name asked for in TLS and in the request, and with progress', async () => {
  const told: number[] = [];
  const path = await fetched({}, { onProgress: (done) => told.push(done) });
  expect(await readFile(path)).toEqual(CONTENT);
  expect(told.at(-1)).toBe(CONTENT.length);
  expect(asked).toMatchObject([{ host: 'files.example', servername: 'files.example' }]);
  expect(await readdir(join(folder, 'in'))).toEqual(['data.csv']);
});

test('a file that is there with the right hash is not fetched again, and one with another is', async () => {
  const path = await fetched();
  await fetched();
  expect(asked).toHaveLength(1);
  await writeFile(path, Buffer.alloc(CONTENT.length));
  expect(await readFile(await fetched())).toEqual(CONTENT);
  expect(asked).toHaveLength(2);
});

test('what may pass is tried again, what is wrong is not', async () => {
  let fails = 2;
  const resolve = vi.fn(async () => {
    if (fails-- > 0) throw new Error('EAI_AGAIN');
    return ['127.0.0.1'];
  });
  await fetched({}, { access: { resolve, certificates: [cert], tlsPort: port }, retryMs: [1, 1] });
  expect(resolve).toHaveBeenCalledTimes(3);
  answer = (_, response) => void response.writeHead(404).end();
  await rm(join(folder, 'in'), { recursive: true });
  asked.length = 0;
  await refused('download-status', {}, { retryMs: [1, 1] });
  expect(asked).toHaveLength(1);
});

test('a redirect is followed, and asks nothing of the first place at the second', async () => {
  answer = ({ url, headers }, response) => {
    if (headers.host === 'files.example') response.writeHead(302, { Location: 'https://other.example/moved', 'Set-Cookie': 'a=b' }).end();
    else response.end(url === '/moved' ? CONTENT : '');
  };
  await fetched();
  expect(asked.map(({ host }) => host)).toEqual(['files.example', 'other.example']);
  expect(asked[1]?.headers).not.toHaveProperty('cookie');
  expect(asked[1]?.headers).not.toHaveProperty('referer');
  expect(asked[1]?.headers).not.toHaveProperty('authorization');
});

test('cannot be rebound: the name is resolved once, and the connection goes to the address that was checked', async () => {
  const answers = [['127.0.0.1'], ['127.0.0.2']];
  const resolve = vi.fn(async () => answers.shift() ?? ['127.0.0.2']);
  await fetched({}, { access: { resolve, certificates: [cert], tlsPort: port } });
  expect(resolve).toHaveBeenCalledTimes(1);
  expect(reached).toBe(0);
});

test.each([[['127.0.0.2']], [['127.0.0.1', '127.0.0.2']], [['127.0.0.2', '127.0.0.1']], [[]], [['not an address']]])(
  'cannot reach inside by a name that resolves to %j',
  async (addresses) => {
    await refused('download-address', {}, { access: { resolve: async () => addresses, certificates: [cert], tlsPort: port } });
    expect(reached).toBe(0);
    expect(asked).toEqual([]);
  },
);

test.each(['127.0.0.1', '2130706433', '0x7f.1', '[::1]', '[::ffff:127.0.0.1]', '169.254.169.254', '10.0.0.1', '[fd00:ec2::254]'])(
  'cannot reach inside by the address %s in the URL',
  async (host) => {
    const resolve = vi.fn(async () => []);
    const access = { resolve, certificates: [cert], tlsPort: port };
    await refused('download-address', { url: `https://${host}/data.csv` }, { access, isAllowedAddress: isOutside });
    expect(resolve).not.toHaveBeenCalled();
  },
);

test('cannot reach what listens on the addresses of this machine itself', () => {
  expect(isOutside('127.0.0.1')).toBe(false);
});

test.each([
  ['an address inside', 'https://127.0.0.2/data.csv', 'download-address'],
  ['the metadata of a cloud', 'https://169.254.169.254/latest/meta-data/', 'download-address'],
  ['plain HTTP', 'http://files.example/data.csv', 'download-redirect'],
  ['a file', 'file:///etc/passwd', 'download-redirect'],
  ['data', 'data:text/plain,x', 'download-redirect'],
  ['another port', 'https://files.example:8443/data.csv', 'download-redirect'],
  ['a user name', 'https://user:SECRET@files.example/', 'download-redirect'],
  ['no URL', 'https://', 'download-redirect'],
])('cannot be redirected to %s', async (_, location, code) => {
  answer = (_request, response) => void response.writeHead(302, { Location: location }).end();
  await refused(code, {}, { access: { resolve: async () => ['127.0.0.1'], certificates: [cert], tlsPort: port } });
  expect(reached).toBe(0);
  expect(asked).toHaveLength(1);
});

test('cannot be redirected to a name that leads inside', async () => {
  answer = (_, response) => void response.writeHead(302, { Location: 'https://other.example/' }).end();
  const resolve = async (name: string) => (name === 'files.example' ? ['127.0.0.1'] : ['127.0.0.2']);
  await refused('download-address', {}, { access: { resolve, certificates: [cert], tlsPort: port } });
  expect(reached).toBe(0);
});

test("cannot be redirected to a host outside the owner's list, nor fetch from one", async () => {
  answer = (_, response) => void response.writeHead(302, { Location: 'https://other.example/' }).end();
  expect(await refused('download-redirect', {}, { hosts: ['files.example'] })).toContain('files.example only');
  await refused('download-url', {}, { hosts: ['*.example.org'] });
  expect(asked).toHaveLength(1);
});

test('cannot be sent round in circles', async () => {
  answer = (_, response) => void response.writeHead(302, { Location: '/again' }).end();
  await refused('download-redirect');
  expect(asked).toHaveLength(6);
});

test.each(['http://files.example/a', 'https://files.example:444/a', 'https://user@files.example/a', 'ftp://files.example/a', 'not a url'])(
  'cannot fetch %s',
  async (url) => {
    await refused('download-url', { url });
    expect(asked).toEqual([]);
  },
);

test('cannot be spoken to by a server without the certificate of the name', async () => {
  await refused('download-unreachable', { url: 'https://third.example/data.csv' });
  await refused('download-unreachable', {}, { access: { resolve: async () => ['127.0.0.1'], tlsPort: port } });
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  await refused('download-unreachable', {}, { access: { resolve: async () => ['127.0.0.1'], tlsPort: port } });
  vi.unstubAllEnvs();
  expect(asked).toEqual([]);
});

test('cannot be given more than the job says: announced', async () => {
  answer = (_, response) => void response.end(Buffer.concat([CONTENT, CONTENT]));
  expect(await refused('download-size')).toContain(`it has ${CONTENT.length * 2} bytes now`);
});

test('cannot be given more than the job says: not announced, without an end', async () => {
  let sent = 0;
  answer = (_, response) => {
    const pour = (): void => {
      while (!response.destroyed) {
        sent += CONTENT.length;
        if (!response.write(CONTENT)) break;
      }
    };
    response.on('drain', pour);
    pour();
  };
  await refused('download-size');
  // What the sockets between hold, and no more.
  expect(sent).toBeLessThan(CONTENT.length * 200);
});

test('cannot be given less than the job says', async () => {
  answer = (_, response) => void response.writeHead(200, { 'Transfer-Encoding': 'chunked' }).end(CONTENT.subarray(1));
  await refused('download-size');
  answer = (_, response) => {
    response.writeHead(200, { 'Content-Length': CONTENT.length }).write(CONTENT.subarray(0, 100), () => response.destroy());
  };
  await refused('download-unreachable');
});

test('cannot be given other content than was quoted', async () => {
  answer = (_, response) => void response.end(Buffer.alloc(CONTENT.length, 'z'));
  expect(await refused('download-changed')).toContain('the job was quoted for');
});

test('cannot be given content that changes between quote and run', async () => {
  await fetched();
  await rm(join(folder, 'in'), { recursive: true });
  const changed = Buffer.from(CONTENT).fill('!', 10, 11);
  answer = (_, response) => void response.end(changed);
  await refused('download-changed');
});

test('cannot be bombed by gzip: packed content is refused, whoever packs it unasked', async () => {
  const bomb = gzipSync(Buffer.alloc(50 * 2 ** 20));
  answer = (_, response) => void response.writeHead(200, { 'Content-Encoding': 'gzip', 'Content-Length': bomb.length }).end(bomb);
  await refused('download-encoding', { bytes: bomb.length });
  expect(asked[0]?.headers['accept-encoding']).toBe('identity');
});

test('cannot be flooded with headers', async () => {
  answer = (_, response) => {
    for (let at = 0; at < 1_000; at += 1) response.setHeader(`x-${at}`, 'a'.repeat(100));
    response.end(CONTENT);
  };
  await refused('download-unreachable');
});

test('cannot be kept waiting for a connection, for headers, or by a name server', async () => {
  const silent = createPlainServer(() => undefined);
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const access = { resolve: async () => ['127.0.0.1'], certificates: [cert], tlsPort: (silent.address() as AddressInfo).port };
  expect(await refused('download-unreachable', {}, { access, headersMs: 50 })).toContain('no answer after 50 ms');
  silent.close();
  answer = () => undefined;
  await refused('download-unreachable', {}, { headersMs: 50 });
  const never = { resolve: async () => new Promise<string[]>(() => undefined), certificates: [cert], tlsPort: port };
  await refused('download-unreachable', {}, { access: never, headersMs: 50 });
});

test('cannot be kept waiting between two pieces, nor by a byte at a time', async () => {
  answer = (_, response) => void response.writeHead(200, { 'Content-Length': CONTENT.length }).write('x');
  expect(await refused('download-slow', {}, { bounds: { idleMs: 50 } })).toContain('nothing came for 50 ms');
  const drops: NodeJS.Timeout[] = [];
  answer = (_, response) => {
    response.writeHead(200, { 'Content-Length': CONTENT.length });
    const drop = setInterval(() => response.write('x'), 5);
    drops.push(drop);
    response.once('close', () => clearInterval(drop));
  };
  expect(await refused('download-slow', {}, { bounds: { idleMs: 60_000, totalMs: 200 } })).toContain('longer than 200 ms');
  drops.forEach((drop) => clearInterval(drop));
});

test('cannot go on after the job was given up', async () => {
  const stop = new AbortController();
  answer = (_, response) => {
    response.writeHead(200, { 'Content-Length': CONTENT.length }).write('x');
    stop.abort(new Error('given up'));
  };
  await expect(fetched({}, { signal: stop.signal })).rejects.toThrow('given up');
  expect(await readdir(join(folder, 'in'))).toEqual([]);
});

test('the servers of these tests can be reached, both of them', async () => {
  const socket = connect(port, '127.0.0.2');
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  socket.destroy();
  await expect.poll(() => reached).toBe(1);
});
