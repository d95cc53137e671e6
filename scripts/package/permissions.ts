// What the manifest asks of a person's browser, so that a change of it is seen: beside the code stands permissions.json, which a reviewer accepted.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import { z } from 'zod';
import type { Packaged } from './packaged.ts';

/** Looks. Everything else of a manifest gives power or opens a door, and so does every key that is not known yet. */
const LOOKS = new Set([
  'name',
  'description',
  'version',
  'icons',
  'default_locale',
  'action',
  'browser_action',
  'side_panel',
  'sidebar_action',
]);

const manifestRecord = z.record(z.string(), z.json());
type Manifest = z.infer<typeof manifestRecord>;

function powersOf(manifestText: string): Manifest {
  const manifest = manifestRecord.parse(JSON.parse(manifestText));
  return Object.fromEntries(
    Object.entries(manifest)
      .filter(([key]) => !LOOKS.has(key))
      .toSorted(([a], [b]) => a.localeCompare(b)),
  );
}

/** Each leaf of a value as a line, so that a difference reads as lines that came and went. */
function linesOf(value: z.infer<ReturnType<typeof z.json>>, path = ''): string[] {
  if (value === null || typeof value !== 'object') {
    const parts =
      path.endsWith('content_security_policy') || path.includes('content_security_policy.') ? String(value).split('; ') : [value];
    return parts.map((part) => `${path} = ${JSON.stringify(part)}`);
  }
  const entries = Array.isArray(value)
    ? value.map((part) => ['[]', part] as const)
    : Object.entries(value).map(([key, part]) => [`.${key}`, part] as const);
  return entries.length === 0 ? [`${path} = ${JSON.stringify(value)}`] : entries.flatMap(([key, part]) => linesOf(part, path + key));
}

/** Lines with + and -; empty when nothing changed. */
export function powersChanged(accepted: Manifest, found: Manifest): string[] {
  const [before, after] = [linesOf(accepted), linesOf(found)];
  return [
    ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
    ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
  ];
}

export const ACCEPTED = join(import.meta.dirname, 'permissions.json');
const acceptedRecord = z.strictObject({ chromium: manifestRecord, firefox: manifestRecord });
type Browser = keyof z.infer<typeof acceptedRecord>;

export function readPowers(files: Packaged): Manifest {
  const text = files.get('manifest.json')?.text;
  if (text == null) throw new NunetError('package-broken', 'Cannot check permissions: the package has no manifest.json');
  return powersOf(text);
}

/** '' when a package asks for what was accepted, else what changed and how to accept it. */
export function checkPowers(browser: Browser, files: Packaged): string {
  const accepted = acceptedRecord.parse(JSON.parse(readFileSync(ACCEPTED, 'utf8')));
  const changes = powersChanged(accepted[browser], readPowers(files));
  if (changes.length === 0) return '';
  return [
    `The manifest for ${browser} asks for something else than scripts/package/permissions.json says:`,
    ...changes,
    'If that is meant: npm run build, node scripts/package/accept-permissions.ts, and commit the file with the reason.',
  ].join('\n');
}

export const acceptPowers = (found: Record<Browser, Packaged>): void =>
  writeFileSync(ACCEPTED, `${JSON.stringify({ chromium: readPowers(found.chromium), firefox: readPowers(found.firefox) }, null, 2)}\n`);
