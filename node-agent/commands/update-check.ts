// update-check: is there a newer version? Asks the one address that its owner names, and nobody else; the agent itself never asks.
import { NunetError } from '@nunet/shared/errors.ts';
import { z } from 'zod';
import { compareVersions, VERSION } from '../version.ts';
import { parseFlags, type Command, type CommandIo } from './flags.ts';

const flags = {
  url: { value: 'URL', help: 'JSON with a "version", such as a package’s latest; https, or http on loopback' },
  json: { help: 'one JSON object' },
} as const;

const notes = `Without --url it prints the version of this program and asks nobody. What is asked learns the address of this machine.
Exit code: 0 nothing newer, 3 there is a newer version.`;

const NEWER = 3;
const ANSWER_MS = 10_000;
const MAX_ANSWER_BYTES = 2 ** 20;
const answer = z.object({ version: z.string().max(40) });

/** Throws `update-unknown`. */
export async function latestAt(url: string, fetch: typeof globalThis.fetch, signal: AbortSignal): Promise<string> {
  const failed = (why: string, cause?: unknown): NunetError =>
    new NunetError('update-unknown', `Cannot tell whether there is a newer version: ${why}, want JSON such as {"version": "${VERSION}"}`, {
      cause,
    });
  let text = '';
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]),
      headers: { accept: 'application/json' },
    });
    if (!response.ok) throw failed(`status ${response.status}`);
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > MAX_ANSWER_BYTES) throw failed(`more than ${MAX_ANSWER_BYTES} bytes came`);
    }
  } catch (cause) {
    if (cause instanceof NunetError) throw cause;
    signal.throwIfAborted();
    throw failed('there was no answer', cause);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw failed('the answer is not JSON', cause);
  }
  const parsed = answer.safeParse(value);
  if (!parsed.success || compareVersions(parsed.data.version, VERSION) === null) throw failed('the answer names no version');
  return parsed.data.version;
}

function checkedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isLoopback = url !== null && /^(127\.\d+\.\d+\.\d+|localhost|\[::1\])$/.test(url.hostname);
  if (url === null || !(url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback)))
    throw new NunetError('flag-invalid', `Cannot run update-check: --url "${text.slice(0, 60)}" must be an https URL`);
  return url.href;
}

async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const given = parseFlags({ name: 'update-check', flags }, argv);
  if (given.url === undefined) {
    io.print(
      given.json === true
        ? JSON.stringify({ version: VERSION, latest: null, isNewer: null })
        : `This is nunet-agent ${VERSION}. Nobody was asked for a newer one: give --url.`,
    );
    return 0;
  }
  const latest = await latestAt(checkedUrl(given.url), fetch, io.signal);
  const isNewer = (compareVersions(latest, VERSION) ?? 0) > 0;
  if (given.json === true) io.print(JSON.stringify({ version: VERSION, latest, isNewer }));
  else
    io.print(
      isNewer
        ? `Version ${latest} is there, this is ${VERSION}. Upgrading: docs/compute-provider.md`
        : `This is nunet-agent ${VERSION}; nothing newer is there.`,
    );
  return isNewer ? NEWER : 0;
}

export const command: Command = {
  name: 'update-check',
  summary: 'is there a newer version? asks only the address that you name',
  flags,
  notes,
  run,
};
