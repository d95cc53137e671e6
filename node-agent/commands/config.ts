// config: shows the configuration, sets one field of it, or checks the file. What a running agent can change at once, it changes at once.
import { resolve } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import { configKeys, configWith, liveChange } from '../config-set.ts';
import { pathsOf, readConfig, writeConfig } from '../config.ts';
import { plainJson, plainLine } from '../plain-text.ts';
import { parseFlags, type Command, type CommandIo } from './flags.ts';
import { runningStatus } from './known-jobs.ts';
import { DEFAULT_DATA } from './onboard-flags.ts';
import { order } from './running-agent.ts';

const flags = {
  data: { value: 'FOLDER', help: `folder of the agent (${DEFAULT_DATA})` },
  json: { help: 'one JSON object' },
} as const;

const usage = `Usage: nunet-agent config [show]
       nunet-agent config set KEY VALUE
       nunet-agent config check`;
const notes = `KEY is a name of "config show". A list has commas, "none" is an empty one; hours are such as 22:00-06:00, or always.
Prices, shares, hours, kinds, the longest time of a job and telemetry change at once; the rest at the next start.`;

export const ACTIONS = ['show', 'set', 'check'] as const;

const textOf = (value: unknown): string => {
  if (value === null || value === undefined) return 'none';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.map(String).join(',');
  return typeof value === 'object' ? Object.values(value).join('-') : typeof value === 'string' ? value : JSON.stringify(value);
};
const valueAt = (config: object, key: string): unknown =>
  key
    .split('.')
    .reduce<unknown>(
      (inner, name) => (typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[name] : undefined),
      config,
    );

async function set(dataPath: string, [key, value, ...more]: readonly string[], json: boolean, io: CommandIo): Promise<void> {
  if (key === undefined || value === undefined || more.length > 0)
    throw new NunetError('flag-invalid', 'Cannot run config set: want a key and one value, such as: config set share.cpus 60');
  const path = pathsOf(dataPath).config;
  const next = configWith(await readConfig(path), key, value);
  const isRunning = (await runningStatus(dataPath, io)) !== null;
  const live = isRunning ? liveChange(key, next) : null;
  // The running agent writes the file itself, so that the two never differ.
  if (live === null) await writeConfig(path, next);
  else await order(dataPath, { type: 'change', change: live }, io);
  const applied = live !== null ? 'now' : isRunning ? 'at the next start' : 'when it is started';
  io.print(
    json
      ? JSON.stringify({ key, value: valueAt(next, key) ?? null, applied })
      : plainLine(`${key} is ${textOf(valueAt(next, key))}; the agent takes it ${applied}.`),
  );
}

async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const named = argv[0] !== undefined && !argv[0].startsWith('-');
  const action = named ? ACTIONS.find((known) => known === argv[0]) : 'show';
  if (action === undefined)
    throw new NunetError(
      'flag-invalid',
      `Cannot run config: want ${ACTIONS.map((known) => `"config ${known}"`).join(', ')}, not "config ${argv[0]?.slice(0, 40)}"`,
    );
  const rest = named ? argv.slice(1) : argv;
  // A value may begin with a dash, and comes before the flags.
  const words = action === 'set' ? rest.slice(0, 2) : [];
  const given = parseFlags({ name: `config ${action}`, flags }, rest.slice(words.length));
  const dataPath = resolve(given.data ?? DEFAULT_DATA);
  const json = given.json === true;
  if (action === 'set') {
    await set(dataPath, words, json, io);
    return 0;
  }
  const config = await readConfig(pathsOf(dataPath).config);
  if (action === 'check')
    io.print(
      json
        ? JSON.stringify({ isValid: true, version: config.version })
        : `${pathsOf(dataPath).config} is a configuration of version ${config.version}.`,
    );
  else if (json) io.print(plainJson(JSON.stringify(config, null, 2)));
  else for (const key of configKeys(config)) io.print(plainLine(`${key} ${textOf(valueAt(config, key))}`));
  return 0;
}

export const command: Command = {
  name: 'config',
  summary: 'show, set or check the configuration',
  flags,
  usage,
  notes,
  actions: ACTIONS,
  run,
};
