// A PostgreSQL server for tests: a new cluster in a temporary folder on a free loopback port, stopped by its pid.
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { accessSync, chownSync, constants, readdirSync, readFileSync, rmSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

const DEBIAN = '/usr/lib/postgresql';

/** Folder of initdb and postgres; Debian keeps them off the PATH. */
function findPrograms(): string | null {
  const debian = readFolder(DEBIAN)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(DEBIAN, version, 'bin'));
  const isWhole = (folder: string): boolean => ['initdb', 'postgres'].every((name) => isExecutable(join(folder, name)));
  return [...debian, ...(process.env['PATH'] ?? '').split(delimiter)].find(isWhole) ?? null;
}
function readFolder(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

const programs = findPrograms();
export const hasPostgres = programs !== null;
/** For the name of what needs it: a skipped test says what would run it. */
export const POSTGRES = hasPostgres ? 'PostgreSQL' : 'PostgreSQL (to run: sudo apt-get install -y postgresql)';

export interface TestPostgres {
  /** A new, empty database's URL. */
  database(): Promise<string>;
  stop(): Promise<void>;
}

/** PostgreSQL refuses to run as root. */
function otherUser(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const [, , uid, gid] = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody') ?? [];
  if (uid === undefined || gid === undefined) throw new Error('Cannot start PostgreSQL as root: no user "postgres" or "nobody"');
  return { uid: Number(uid), gid: Number(gid) };
}

const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
};

const START_LIMIT_MS = 60_000;

export async function startPostgres(): Promise<TestPostgres> {
  if (programs === null) throw new Error('PostgreSQL is not installed');
  const user = otherUser();
  const folder = await mkdtemp(join(tmpdir(), 'edge-postgres-'));
  const [data, passwordFile, password] = [join(folder, 'data'), join(folder, 'password'), randomBytes(16).toString('hex')];
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (user !== undefined) for (const path of [folder, passwordFile]) chownSync(path, user.uid, user.gid);
  const options = { cwd: folder, env: { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' }, ...user };
  await promisify(execFile)(
    join(programs, 'initdb'),
    ['-D', data, '-U', 'edge', '-E', 'UTF8', '--no-sync', '--auth=scram-sha-256', `--pwfile=${passwordFile}`],
    { ...options, timeout: START_LIMIT_MS },
  );

  const port = await freePort();
  // No socket file, and no fsync: a test's data need not outlive the machine's power.
  const settings = ['listen_addresses=127.0.0.1', `port=${port}`, 'unix_socket_directories=', 'fsync=off', 'shared_buffers=16MB'];
  const child = spawn(join(programs, 'postgres'), ['-D', data, ...settings.flatMap((setting) => ['-c', setting])], {
    ...options,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const exited = once(child, 'exit');
  const lastWords = (): void => {
    child.kill('SIGQUIT');
    rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', lastWords);
  const said: string[] = [];
  await new Promise<void>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`PostgreSQL did not start in time: ${said.join('\n')}`)), START_LIMIT_MS);
    createInterface({ input: child.stderr }).on('line', (line) => {
      said.push(line);
      if (!line.includes('ready to accept connections')) return;
      clearTimeout(late);
      resolve();
    });
    child.once('exit', () => reject(new Error(`PostgreSQL ended: ${said.join('\n')}`)));
  });

  const { default: postgres } = await import('postgres');
  const urlOf = (name: string): string => `postgres://edge:${password}@127.0.0.1:${port}/${name}`;
  let databases = 0;
  return {
    async database() {
      const name = `test_${(databases += 1)}`;
      const sql = postgres(urlOf('postgres'), { max: 1, onnotice: () => undefined });
      await sql.unsafe(`create database ${name}`);
      await sql.end();
      return urlOf(name);
    },
    async stop() {
      // Fast shutdown: ends connections, then itself.
      child.kill('SIGINT');
      await exited;
      process.off('exit', lastWords);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
