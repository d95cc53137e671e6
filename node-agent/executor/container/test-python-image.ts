// A base image for tests, in seconds: Python and pip of this very system, copied file by file, and the libraries that they are linked to.
import { execFile } from 'node:child_process';
import { lstat, readdir, readFile, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { systemProgram } from '../confinement.ts';
import { testImage, type ImageEntry, type TestImage } from './test-images.ts';

const execute = promisify(execFile);
const output = async (program: string, args: readonly string[]): Promise<string> =>
  (await execute(program, [...args], { maxBuffer: 64 * 2 ** 20 })).stdout;

/** What is missing to make it here; null: nothing. */
async function pythonMissing(): Promise<string | null> {
  if (systemProgram('dpkg') === null) return 'the files of Python and pip are found by dpkg, which this system has not';
  const installed = await output('dpkg-query', ['-W', '-f', '${Package} ${Status}\n', 'python3-pip']).catch(() => '');
  return installed.includes('install ok installed') ? null : 'no pip on this system: apt-get install python3-pip';
}

/** Which packages of Debian hold Python's own files; `-common` and `-data` ones are not needed. */
const packagesOf = (minor: string): string[] => [
  ...['python3', 'python3-minimal', `python${minor}`, `python${minor}-minimal`],
  ...[`libpython${minor}-minimal`, `libpython${minor}-stdlib`],
  ...['python3-pip', 'python3-setuptools', 'python3-pkg-resources', 'python3-distutils', 'python3-lib2to3', 'python3-wheel'],
];

/** Throws with what to install. */
export async function pythonImage(): Promise<TestImage> {
  const missing = await pythonMissing();
  if (missing !== null) throw new Error(`Cannot make a base image for tests: ${missing}`);
  const minor = /python(3\.\d+)/.exec(await realpath('/usr/bin/python3'))?.[1] ?? '3.11';
  const lists = await Promise.all(packagesOf(minor).map(async (name) => output('dpkg', ['-L', name]).catch(() => '')));
  const paths = lists.flatMap((list) => list.split('\n')).filter((path) => /^\/usr\/(bin|lib|local)\//.test(path));
  const modules = `/usr/lib/python${minor}/lib-dynload`;
  const linked = await Promise.all(
    [`/usr/bin/python${minor}`, ...(await readdir(modules)).map((name) => join(modules, name))].map(async (path) =>
      output('ldd', [path]).catch(() => ''),
    ),
  );
  const libraries = linked.flatMap((text) => [...text.matchAll(/(\/\S+\.so\S*) \(0x/g)].map(([, path = '']) => path));
  const entries = new Map<string, ImageEntry>();
  for (const path of new Set([...paths, ...libraries])) await add(path, entries);
  const folders = ['tmp', `usr/local/lib/python${minor}/dist-packages`, 'etc', 'proc', 'sys', 'dev'];
  for (const path of folders) entries.set(`/${path}`, { path, type: 'folder' });
  const named = [...entries.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
  return testImage('python', named, { Env: ['PATH=/usr/local/bin:/usr/bin:/bin'], Cmd: ['python3'] });
}

/** A link brings along what it points at; /lib is /usr/lib on a merged system, and here stays as it was asked for. */
async function add(path: string, entries: Map<string, ImageEntry>): Promise<void> {
  if (entries.has(path)) return;
  const found = await lstat(path).catch(() => null);
  if (found === null) return;
  if (found.isSymbolicLink()) {
    const to = await readlink(path);
    entries.set(path, { path, type: 'link', to });
    await add(resolve(dirname(path), to), entries);
  } else if (found.isFile()) {
    entries.set(path, { path, type: 'file', mode: found.mode & 0o777, content: await readFile(path) });
    if (path.endsWith('.py')) await addCompiled(path, entries);
  }
}

/**
 * Compiled files say for which time of their source they hold, and an image's files have none: these hold for any (PEP 552). Without
 * them each start of pip would compile it anew.
 */
async function addCompiled(source: string, entries: Map<string, ImageEntry>): Promise<void> {
  const folder = join(dirname(source), '__pycache__');
  const prefix = `${basename(source, '.py')}.cpython-`;
  const name = (await readdir(folder).catch(() => [])).find((found) => found.startsWith(prefix) && !found.includes('.opt-'));
  if (name === undefined) return;
  const content = await readFile(join(folder, name));
  content.writeUInt32LE(1, 4);
  const path = join(folder, name);
  entries.set(path, { path, type: 'file', mode: 0o644, content });
}
