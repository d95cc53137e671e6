// images: base images that scripts run in, and what this agent has pulled or installed: listed, built, imported, removed, collected.
import { createReadStream, createWriteStream } from 'node:fs';
import { rename, rm, statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { NunetError } from '@nunet/shared/errors.ts';
import type Docker from 'dockerode';
import { DEFAULTS_OF_2, pathsOf, readConfig, type AgentConfig } from '../config.ts';
import { importBaseImage, listBaseImages, removeBaseImage, type BaseImage } from '../executor/container/base-images.ts';
import { buildBaseImage } from '../executor/container/base-image-build.ts';
import { RECIPES, recipeOf, type BaseRecipe } from '../executor/container/base-image-recipes.ts';
import { openImageStore, type ImageStore } from '../executor/container/images.ts';
import { readImageRecord } from '../executor/container/image-record.ts';
import { plainLine } from '../plain-text.ts';
import { parseFlags, required, type Command, type CommandIo } from './flags.ts';
import { DEFAULT_DATA } from './onboard-flags.ts';

const flags = {
  data: { value: 'FOLDER', help: `folder of the agent (${DEFAULT_DATA})` },
  socket: { value: 'FILE', help: 'socket of the container engine; as configured, or the usual places' },
  from: { value: 'FILE', help: 'build: import this tar instead, made by --to on another machine' },
  to: { value: 'FILE', help: 'build: write a tar instead of importing it; needs no engine' },
  mirror: { value: 'URL', help: "build: mirror of Debian; debootstrap's own" },
  work: { value: 'FOLDER', help: 'build: where the file tree is made (/var/tmp)' },
  json: { help: 'everything as one JSON document' },
} as const;
type Given = ReturnType<typeof parseFlags<typeof flags>>;

const ACTIONS = ['list', 'build', 'remove', 'prune'] as const;
type Action = (typeof ACTIONS)[number];

const mib = (bytes: number): string => `${Math.round(bytes / 2 ** 20)} MiB`;

async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const positionals = argv.findIndex((arg) => arg.startsWith('-'));
  const words = positionals === -1 ? argv : argv.slice(0, positionals);
  const given = parseFlags({ name: 'images', flags }, argv.slice(words.length));
  const [action = 'list', name, ...more] = words;
  const wanted = ACTIONS.find((known) => known === action);
  if (wanted === undefined || more.length > 0)
    throw new NunetError(
      'flag-invalid',
      `Cannot run images: "${words.join(' ').slice(0, 80)}" is none of list, build NAME, remove NAME, prune`,
    );
  if (given.from !== undefined && given.to !== undefined)
    throw new NunetError('flag-invalid', 'Cannot run images: give --from or --to, not both');
  return actions[wanted]({ given, io, name, dataPath: resolve(given.data ?? DEFAULT_DATA) });
}

interface Context {
  given: Given;
  io: CommandIo;
  name: string | undefined;
  dataPath: string;
}

const actions: Readonly<Record<Action, (context: Context) => Promise<number>>> = { list, build, remove, prune };

async function list({ given, io, dataPath }: Context): Promise<number> {
  const docker = await engineOf(given, dataPath);
  const bases = await listBaseImages(docker);
  const { images } = await readImageRecord(recordPath(dataPath));
  const missing = RECIPES.filter((recipe) => !bases.some(({ name }) => name === recipe.name));
  if (given.json === true) {
    const recipes = missing.map(({ name, description, imageBytes }) => ({ name, description, imageBytes }));
    io.print(JSON.stringify({ version: 1, bases, missing: recipes, images }, null, 2));
    return 0;
  }
  io.print('Base images:');
  for (const base of bases) io.print(plainLine(`  ${baseLine(base)}`));
  for (const { name, description, imageBytes } of missing)
    io.print(`  ${name.padEnd(14)} not here, about ${mib(imageBytes)}: ${description}; nunet-agent images build ${name}`);
  io.print(images.length === 0 ? 'Nothing pulled or installed for jobs.' : 'Pulled or installed for jobs, collected by least use:');
  for (const { reference, kind, bytes, lastUsedAt } of images)
    io.print(plainLine(`  ${mib(bytes).padStart(9)}  ${new Date(lastUsedAt).toISOString().slice(0, 16)}  ${kind.padEnd(12)} ${reference}`));
  return 0;
}

function baseLine({ name, bytes, madeAt, isCurrent }: BaseImage): string {
  const description = RECIPES.find((recipe) => recipe.name === name)?.description ?? 'made elsewhere';
  const age = isCurrent ? '' : ' (of an older recipe: build it again)';
  return `${name.padEnd(14)} ${mib(bytes)}, made ${new Date(madeAt).toISOString().slice(0, 10)}: ${description}${age}`;
}

async function build({ given, io, name, dataPath }: Context): Promise<number> {
  const recipe = recipeOf(wantedName(name, 'build'));
  const startedAt = performance.now();
  const say = (text: string): void => {
    if (given.json !== true) io.print(plainLine(`${((performance.now() - startedAt) / 1_000).toFixed(0).padStart(4)} s  ${text}`));
  };
  const options = { workFolder: resolve(given.work ?? '/var/tmp'), mirror: given.mirror ?? null, signal: io.signal, onStep: say };
  if (given.to !== undefined) {
    const path = resolve(given.to);
    await writeTar(recipe, path, options);
    io.print(
      given.json === true
        ? JSON.stringify({ version: 1, name: recipe.name, path })
        : `${path} is ready: nunet-agent images build ${recipe.name} --from ${path}`,
    );
    return 0;
  }
  const docker = await engineOf(given, dataPath);
  await checkDisk(docker, recipe);
  const imported = async (tar: Parameters<typeof importBaseImage>[2]): Promise<string> => importBaseImage(docker, recipe, tar, io.signal);
  const id =
    given.from === undefined ? await buildBaseImage(recipe, options, imported) : await imported(createReadStream(resolve(given.from)));
  if (given.json === true) io.print(JSON.stringify({ version: 1, name: recipe.name, id }));
  else io.print(`Base image ${recipe.name} is ready (${recipe.description}): ${id.slice(7, 19)}`);
  return 0;
}

/** Whole or not at all. */
async function writeTar(recipe: BaseRecipe, path: string, options: Parameters<typeof buildBaseImage>[1]): Promise<void> {
  const draft = `${path}.part`;
  try {
    await buildBaseImage(recipe, options, async (tar) =>
      pipeline(tar, createWriteStream(draft, { mode: 0o644 }), { signal: options.signal }),
    );
    await rename(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
}

async function checkDisk(docker: Docker, recipe: BaseRecipe): Promise<void> {
  const { DockerRootDir } = (await docker.info()) as { DockerRootDir: string };
  // An engine on another machine, or one whose folder only root may see.
  const disk = await statfs(DockerRootDir).catch(() => null);
  if (disk !== null && disk.bavail * disk.bsize < recipe.imageBytes * 2)
    throw new NunetError(
      'image-build-disk',
      `Cannot build ${recipe.name}: the engine's disk has ${mib(disk.bavail * disk.bsize)} free, want ${mib(recipe.imageBytes * 2)}`,
    );
}

async function remove({ given, io, name, dataPath }: Context): Promise<number> {
  const docker = await engineOf(given, dataPath);
  const gone = await removeBaseImage(docker, wantedName(name, 'remove'));
  if (given.json === true) io.print(JSON.stringify({ version: 1, removed: gone.map(({ tag }) => tag) }));
  else for (const { tag } of gone) io.print(plainLine(`Removed ${tag}`));
  return 0;
}

/** All that no container uses: jobs bring it again. */
async function prune({ given, io, dataPath }: Context): Promise<number> {
  const docker = await engineOf(given, dataPath);
  const store: ImageStore = await openImageStore({
    docker,
    recordPath: recordPath(dataPath),
    rules: { registries: [], images: [] },
    platform: '',
    maxImageBytes: 0,
    budgetBytes: 0,
    packageIndex: null,
    now: Date.now,
    elapsed: () => performance.now(),
  });
  const gone = await store.collect(0);
  const freed = gone.reduce((sum, { bytes }) => sum + bytes, 0);
  if (given.json === true) io.print(JSON.stringify({ version: 1, removed: gone.map(({ reference }) => reference), bytes: freed }));
  else
    io.print(
      gone.length === 0 ? 'Nothing to remove.' : `Removed ${gone.length} images, ${mib(freed)}. Base images stay: images remove NAME`,
    );
  return 0;
}

/** As executors-of.ts has it. */
const stateDir = (dataPath: string): string => join(dataPath, 'containers');
const recordPath = (dataPath: string): string => join(stateDir(dataPath), 'images.json');

function wantedName(name: string | undefined, action: string): string {
  return required(`images ${action}`, { NAME: name }, 'NAME');
}

/** As configured where an agent is set up, and the usual places otherwise. */
async function engineOf(given: Given, dataPath: string): Promise<Docker> {
  const config = await readConfig(pathsOf(dataPath).config).catch((error: unknown) => {
    if (error instanceof NunetError && error.code === 'config-missing') return null;
    throw error;
  });
  const containers: AgentConfig['containers'] = config?.containers ?? DEFAULTS_OF_2.containers;
  // Loaded here alone: the list of commands loads this file too, and needs no engine.
  const { openEngine } = await import('../executor/container/engine.ts');
  const choice = {
    engine: containers.engine === 'off' ? ('auto' as const) : containers.engine,
    socket: given.socket === undefined ? containers.socket : resolve(given.socket),
    runtime: containers.runtime,
    stateDir: stateDir(dataPath),
  };
  return (await openEngine(choice, process.getuid?.() ?? 0)).docker;
}

export const command: Command = {
  name: 'images',
  summary: 'base images for scripts, and what jobs have brought: list, build, remove, prune',
  usage: 'Usage: nunet-agent images [list | build NAME | remove NAME | prune] [FLAGS]',
  flags,
  actions: ACTIONS,
  notes: [
    ...RECIPES.map(({ name, description, imageBytes }) => `${name}: ${description}; about ${mib(imageBytes)}`),
    'build makes an image of Debian packages alone, so that no registry is needed; it needs root for debootstrap, and takes one to four minutes.',
  ].join('\n'),
  run,
};
