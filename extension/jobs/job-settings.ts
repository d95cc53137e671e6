// Settings of a job file as a form: read from its JSON, written back into it, and checked by the one parser of job files.
import { safeError } from '@nunet/shared/errors.ts';
import { parseJobFile } from '@nunet/shared/job-file.ts';
import type { Catalog } from '../ui/i18n.ts';
import type { Setting } from '../templates/templates.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Words = Catalog['jobs']['settings'];
export type SettingValues = Readonly<Record<string, string>>;
export type ReadJobFile = ReturnType<typeof parseJobFile>;

const at = (value: Json | undefined, key: string | number): Json | undefined => {
  if (value === null || typeof value !== 'object') return undefined;
  if (Array.isArray(value)) return typeof key === 'number' ? value[key] : undefined;
  return Object.hasOwn(value, String(key)) ? value[String(key)] : undefined;
};

/** What the form shows of a job file: each setting as text. */
export function readSettings(text: string, settings: readonly Setting[]): SettingValues {
  const json = JSON.parse(text) as Json;
  return Object.fromEntries(
    settings.map(({ name, kind, path }) => {
      const value = path.reduce<Json | undefined>(at, json);
      if (typeof value === 'number') return [name, String(kind === 'seconds' ? value / 1000 : value)];
      return [name, typeof value === 'string' ? value : ''];
    }),
  );
}

const valueOf = (kind: Setting['kind'], text: string): Json => {
  if (kind === 'text' || kind === 'amount') return text.trim();
  // Not a number stays text, so that the parser names the field.
  const number = text.trim() === '' ? Number.NaN : Number(text);
  if (Number.isNaN(number)) return text;
  return kind === 'seconds' ? Math.round(number * 1000) : number;
};

/** The job file with these settings in it; a setting whose place is not in the file is left out. */
export function writeSettings(text: string, settings: readonly Setting[], values: SettingValues): string {
  const json = JSON.parse(text) as Json;
  for (const { name, kind, path } of settings) {
    const value = values[name];
    const parent = path.slice(0, -1).reduce<Json | undefined>(at, json);
    const key = path.at(-1);
    if (value === undefined || key === undefined || parent === null || typeof parent !== 'object' || at(parent, key) === undefined)
      continue;
    if (Array.isArray(parent)) parent[Number(key)] = valueOf(kind, value);
    else parent[String(key)] = valueOf(kind, value);
  }
  return JSON.stringify(json, null, 2);
}

/** What is wrong with a number of the form, in words of the form; null when it may stay. */
function rangeProblem({ kind, path, min = -Infinity, max = Infinity }: Setting, json: Json, words: Words): string | null {
  const value = path.reduce<Json | undefined>(at, json);
  if (kind === 'text' || kind === 'amount' || value === undefined) return null;
  const shown = kind === 'seconds' && typeof value === 'number' ? value / 1000 : value;
  const fits = typeof shown === 'number' && shown >= min && shown <= max && (kind !== 'whole' || Number.isInteger(shown));
  if (fits) return null;
  return kind === 'whole' ? words.wholeRange(min, max) : words.range(min, max);
}

/** A job file that can be asked for, or what is wrong with it: by setting where it has one, line by line for the rest. */
export type CheckedJobFile = { file: ReadJobFile } | { file: null; bySetting: Readonly<Record<string, string>>; lines: string[] };

function rangeProblems(text: string, settings: readonly Setting[], words: Words): Record<string, string> {
  const json = JSON.parse(text) as Json;
  return Object.fromEntries(
    settings.map((setting) => [setting.name, rangeProblem(setting, json, words)]).filter(([, problem]) => problem !== null),
  ) as Record<string, string>;
}

/** Says of a whole job file what its parser says, and where in the form it belongs. */
export function checkJobFile(text: string, settings: readonly Setting[], words: Words): CheckedJobFile {
  try {
    const file = parseJobFile(text);
    const wrong = rangeProblems(text, settings, words);
    return Object.keys(wrong).length === 0 ? { file } : { file: null, bySetting: wrong, lines: [] };
  } catch (error) {
    const [head = '', ...problems] = safeError(error)
      .message.split('\n')
      .map((line) => line.trim());
    const bySetting: Record<string, string> = {};
    const lines: string[] = [];
    for (const problem of problems) {
      const [field = ''] = problem.split(': ');
      const setting = settings.find(({ path }) => path.join('.') === field);
      if (setting === undefined) lines.push(problem);
      else bySetting[setting.name] = words.wrong[setting.kind === 'text' ? 'text' : 'amount'];
    }
    if (problems.length === 0) return { file: null, bySetting, lines: [head] };
    return { file: null, bySetting: { ...bySetting, ...rangeProblems(text, settings, words) }, lines };
  }
}

/** Paths that a job file names beside itself, each once: its inputs and the files of its check. */
export const namedPaths = (file: ReadJobFile): string[] => [
  ...new Set([...Object.values(file.inputs), ...(file.check.type === 'none' ? [] : Object.values(file.check.files))]),
];

/** Without a check of its own, a job would acknowledge whatever arrives whole: then the person is asked. */
export const asksByDefault = (file: ReadJobFile): boolean => file.check.type === 'none';
