// Base images: recipes as rules, and trees in a real engine. Building one takes minutes and Debian's mirror: the demo does that.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { command } from '../../commands/images.ts';
import { buildBaseImage, buildMissing } from './base-image-build.ts';
import { purgeable, RECIPES, recipeHash, recipeOf } from './base-image-recipes.ts';
import { importBaseImage, listBaseImages } from './base-images.ts';
import { openImageStore } from './images.ts';
import { startTestEngine, type TestEngine } from './test-engine.ts';

let engine: TestEngine;
let folder: string;
const signal = new AbortController().signal;
beforeAll(async () => {
  [engine, folder] = [await startTestEngine(), await mkdtemp(join(tmpdir(), 'nunet-base-'))];
}, 90_000);
afterAll(async () => {
  await engine.stop();
  await rm(folder, { recursive: true });
}, 60_000);

async function treeOf(text: string): Promise<Buffer> {
  const tar = pack();
  tar.entry({ name: 'hello', mode: 0o644, mtime: new Date(0) }, text);
  tar.finalize();
  return buffer(Readable.from(tar));
}
const store = async () =>
  openImageStore({
    docker: engine.docker,
    recordPath: join(folder, 'containers', 'images.json'),
    rules: { registries: [], images: [] },
    platform: 'linux/amd64',
    maxImageBytes: 2 ** 30,
    budgetBytes: 0,
    packageIndex: null,
    now: Date.now,
    elapsed: () => performance.now(),
  });
async function run(...argv: string[]): Promise<string> {
  const lines: string[] = [];
  const io = { print: (line: string) => void lines.push(line), warn: () => undefined, signal };
  await command.run([...argv, '--data', folder, '--socket', engine.socket], io);
  return lines.join('\n');
}

test('compilers and headers go, what is read at run time and what was asked for stays', () => {
  const installed = ['g++-12', 'gcc-12', 'gcc-12-base', 'libgcc-12-dev', 'libgcc-s1', 'libstdc++6', 'libstdc++-12-dev', 'libboost1.74-dev'];
  const more = [
    'python3-pythran',
    'python3-scipy',
    'libgomp1',
    'libicu72',
    'binutils-common',
    'libopenblas0-pthread',
    'dpkg',
    'dpkg-dev',
    'cpp',
  ];
  expect(purgeable(recipeOf('scikit-learn'), [...installed, ...more])).toEqual([
    ...['g++-12', 'gcc-12', 'libgcc-12-dev', 'libstdc++-12-dev', 'libboost1.74-dev'],
    ...['python3-pythran', 'binutils-common', 'dpkg-dev', 'cpp'],
  ]);
  expect(purgeable(recipeOf('pytorch'), ['libllvm15', 'libicu72', 'libtorch1.13', 'libmfx1', 'python3-torch'])).toEqual(['libllvm15']);
});

test('each recipe has its own hash, which changes with what goes in and not with how it is described', () => {
  expect(new Set(RECIPES.map(recipeHash)).size).toBe(RECIPES.length);
  const recipe = recipeOf('onnx');
  expect(recipeHash({ ...recipe, description: 'other words' })).toBe(recipeHash(recipe));
  expect(recipeHash({ ...recipe, packages: [...recipe.packages, 'vim'] })).not.toBe(recipeHash(recipe));
  expect(() => recipeOf('keras')).toThrow(expect.objectContaining({ code: 'image-recipe-unknown' }));
});

test('a tree becomes a base image that jobs find by its name, the newest where there are two', async () => {
  const recipe = recipeOf('scikit-learn');
  const first = await importBaseImage(engine.docker, recipe, Readable.from([await treeOf('first')]), signal);
  expect((await (await store()).base('scikit-learn')).id).toBe(first);
  const second = await importBaseImage(engine.docker, recipe, Readable.from([await treeOf('second')]), signal);
  const images = await store();
  expect((await images.base('scikit-learn')).id).toBe(second);
  expect((await images.base('scikit-learn')).inspect.Config).toMatchObject({
    User: '65534:65534',
    Labels: { 'nunet.recipe': 'scikit-learn' },
  });
  expect(await listBaseImages(engine.docker)).toMatchObject([{ name: 'scikit-learn', id: second, isCurrent: true }]);
  // Base images are built once and stay: only a person removes them.
  expect(await images.collect(0)).toEqual([]);
  await expect(images.base('pytorch')).rejects.toMatchObject({
    code: 'image-base-missing',
    message: expect.stringContaining('nunet-agent images build pytorch'),
  });
});

test('what is no archive is refused with a reason', async () => {
  const nothing = importBaseImage(engine.docker, recipeOf('onnx'), Readable.from([Buffer.from('not a tar at all'.repeat(100))]), signal);
  await expect(nothing).rejects.toMatchObject({ code: 'image-import' });
});

test('the command imports, lists and removes; one in use stays', async () => {
  const path = join(folder, 'tree.tar');
  await writeFile(path, await treeOf('from a file'));
  expect(await run('build', 'pytorch', '--from', path)).toContain('Base image pytorch is ready');
  expect(await run('list')).toMatch(/pytorch {8}0 MiB, made [\d-]+: Debian 12: .*PyTorch/);
  expect(await run()).toContain('nunet-agent images build onnx');
  expect(JSON.parse(await run('list', '--json'))).toMatchObject({
    version: 1,
    bases: expect.arrayContaining([expect.objectContaining({ name: 'pytorch' })]),
  });
  const { id } = await (await store()).base('pytorch');
  const container = await engine.docker.createContainer({ Image: id, Cmd: ['/hello'] });
  await expect(run('remove', 'pytorch')).rejects.toMatchObject({ code: 'image-in-use' });
  await container.remove();
  expect(await run('remove', 'pytorch')).toContain('Removed nunet-base/pytorch:');
  await expect(run('remove', 'pytorch')).rejects.toMatchObject({ code: 'image-base-missing' });
  expect(await run('prune')).toBe('Nothing to remove.');
});

test.each([
  [['frobnicate'], 'flag-invalid'],
  [['build'], 'flag-missing'],
  [['build', 'keras'], 'image-recipe-unknown'],
  [['build', 'onnx', 'pytorch'], 'flag-invalid'],
  [['build', 'onnx', '--from', 'a', '--to', 'b'], 'flag-invalid'],
])('the command says what is wrong with %j', async (argv, code) => {
  await expect(run(...argv)).rejects.toMatchObject({ code });
});

test('cannot begin a build without its programs, without root, or without room: it says what to run', async () => {
  const recipe = recipeOf('onnx');
  vi.stubEnv('PATH', '/nowhere');
  const getuid = vi.spyOn(process, 'getuid').mockReturnValue(1_000);
  expect(buildMissing(recipe)).toMatch(/sudo apt-get install debootstrap|sudo nunet-agent images build onnx/);
  const options = { workFolder: join(folder, 'work'), mirror: null, signal, onStep: () => undefined };
  await expect(buildBaseImage(recipe, options, async () => null)).rejects.toMatchObject({ code: 'image-build-root' });
  vi.unstubAllEnvs();
  getuid.mockRestore();
  if (buildMissing(recipe) !== null) return;
  await expect(buildBaseImage({ ...recipe, buildBytes: 2 ** 60 }, options, async () => null)).rejects.toMatchObject({
    code: 'image-build-disk',
  });
  expect(await readdir(options.workFolder)).toEqual([]);
});
