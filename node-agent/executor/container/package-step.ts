// One run of the installing step: a container that asks for files over its own output, is answered over its input, and hands the
// installed folder out as a tar. Nothing is mounted into it and it has no network; what it may ask for is package-index.ts's to say.
import { readFileSync } from 'node:fs';
import { PassThrough, type Duplex, type Readable } from 'node:stream';
import { NunetError } from '@nunet/shared/errors.ts';
import type Docker from 'dockerode';
import { z } from 'zod';
import type { EngineTraits } from './limits.ts';
import { packagesFolder } from './package-archive.ts';
import type { PackageServer } from './package-index.ts';
import { packageStepOptions, type StepBounds } from './package-step-limits.ts';

const PROGRAM = readFileSync(new URL('package-step.py', import.meta.url), 'utf8');

const MAX_LINE = 16 * 1024;
const MAX_SAID = 8 * 1024;
/** Of one list: an installer that goes in circles. */
const MAX_QUESTIONS = 1_000;

const message = z.union([
  z.strictObject({ get: z.string().max(500) }),
  z.strictObject({ packages: z.string().max(300) }),
  z.strictObject({ failed: z.enum(['no-pip', 'pip']) }),
  z.strictObject({ failed: z.literal('unmet'), problems: z.array(z.string().max(300)).max(10) }),
]);

export interface StepOptions {
  readonly imageId: string;
  readonly list: readonly string[];
  readonly server: PackageServer;
  readonly traits: EngineTraits;
  readonly bounds: StepBounds;
  readonly labels: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onProgress: () => void;
  /** What runs inside; a test's attacker, or package-step.py. */
  readonly program?: string;
}

/**
 * Calls `take` with the tar of the installed folder, and where it belongs. The container is gone afterwards. Throws `dependency-...`.
 */
export async function runPackageStep<T>(
  docker: Docker,
  options: StepOptions,
  take: (tar: Readable, folder: string) => Promise<T>,
): Promise<T> {
  const late = AbortSignal.timeout(options.timeoutMs);
  const signal = AbortSignal.any([options.signal, late]);
  const { imageId, list, bounds, traits, labels } = options;
  const container = await docker.createContainer(packageStepOptions(imageId, options.program ?? PROGRAM, list, bounds, traits, labels));
  try {
    signal.throwIfAborted();
    const stream = (await container.attach({ stream: true, stdin: true, stdout: true, stderr: true, hijack: true })) as unknown as Duplex;
    const onAbort = (): void => void stream.destroy();
    signal.addEventListener('abort', onAbort, { once: true });
    // Told by what reads it.
    stream.on('error', () => undefined);
    try {
      await container.start();
      return await converse(stream, options, take, signal);
    } finally {
      signal.removeEventListener('abort', onAbort);
      stream.destroy();
    }
  } catch (cause) {
    options.signal.throwIfAborted();
    if (late.aborted)
      throw new NunetError('dependency-slow', `Cannot install the packages: it took longer than ${options.timeoutMs} ms`, { cause });
    if (cause instanceof NunetError) throw cause;
    throw new NunetError('dependency-engine', 'Cannot install the packages: the engine gave up the step', { cause });
  } finally {
    await container.remove({ force: true, v: true }).catch(() => undefined);
  }
}

async function converse<T>(
  stream: Duplex,
  { list, server, onProgress }: StepOptions,
  take: (tar: Readable, folder: string) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const said: string[] = [];
  const out = new PassThrough();
  const pumping = pump(stream, out, said).then(
    () => out.end(),
    (error: unknown) => out.destroy(error instanceof Error ? error : new Error('The engine broke off')),
  );
  const lines = new LineReader(out);
  for (let question = 0; question < MAX_QUESTIONS; question += 1) {
    const line = await lines.next();
    if (line === null) throw new NunetError('dependency-step', `Cannot install the packages: the step ended early${lastWords(said)}`);
    const parsed = message.safeParse(line);
    if (!parsed.success)
      throw new NunetError('dependency-step', 'Cannot install the packages: the step said something that is not of its language');
    const told = parsed.data;
    if ('packages' in told) {
      const result = await take(lines.rest(), packagesFolder(told.packages));
      await pumping;
      return result;
    }
    if ('failed' in told) throw failure(told, list, said);
    const { status, type, bytes, body } = await server.answer(told.get, signal);
    await written(stream, `${JSON.stringify({ status, type, bytes })}\n`);
    for await (const chunk of body) await written(stream, chunk as Uint8Array);
    onProgress();
  }
  throw new NunetError('dependency-step', `Cannot install the packages: the step asked for more than ${MAX_QUESTIONS} files`);
}

type Failure = Extract<z.infer<typeof message>, { failed: string }>;

function failure(told: Failure, list: readonly string[], said: readonly string[]): NunetError {
  if (told.failed === 'no-pip') return new NunetError('dependency-pip', 'Cannot install the packages: the base image has no pip');
  if (told.failed === 'unmet') {
    const problems = 'problems' in told ? told.problems.join('; ') : '';
    return new NunetError('dependency-unmet', `Cannot install the packages: ${problems.slice(0, 1_000)}. Add what is missing to the list`);
  }
  const words = said.join('').split('\n');
  const wrong =
    words
      .findLast((line) => /^\s*ERROR: /.test(line))
      ?.trim()
      .slice(7, 400) ?? 'pip gave no reason';
  const known = list.find((entry) => wrong.toLowerCase().includes(entry.split('==')[0]?.toLowerCase() ?? '\0'));
  if (/No matching distribution/.test(wrong) && known !== undefined)
    return new NunetError('dependency-unfit', `Cannot install ${known}: none of its wheels fits the Python of the base image`);
  return new NunetError('dependency-install', `Cannot install ${known ?? 'the packages'}: ${wrong}`);
}

const lastWords = (said: readonly string[]): string => {
  const line = said.join('').trim().split('\n').at(-1)?.slice(0, 300) ?? '';
  return line === '' ? '' : `: ${line}`;
};

async function written(stream: Duplex, chunk: string | Uint8Array): Promise<void> {
  if (stream.write(chunk)) return;
  await new Promise<void>((resolve, reject) => {
    const done = (error?: Error): void => {
      stream.off('drain', done);
      stream.off('close', onClose);
      if (error === undefined) resolve();
      else reject(error);
    };
    const onClose = (): void => done(new Error('The step hung up'));
    stream.once('drain', done);
    stream.once('close', onClose);
  });
}

/** Frames of the engine: one byte that tells output from errors, three zeros, four of length. Errors are words for people: the last ones are kept. */
async function pump(stream: Duplex, out: PassThrough, said: string[]): Promise<void> {
  let head = Buffer.alloc(0);
  let left = 0;
  let isError = false;
  let words = 0;
  for await (const piece of stream as AsyncIterable<Buffer>) {
    let rest = piece;
    while (rest.length > 0) {
      if (left === 0) {
        const missing = 8 - head.length;
        head = Buffer.concat([head, rest.subarray(0, missing)]);
        rest = rest.subarray(missing);
        if (head.length < 8) break;
        isError = head[0] === 2;
        left = head.readUInt32BE(4);
        head = Buffer.alloc(0);
        continue;
      }
      const part = rest.subarray(0, left);
      rest = rest.subarray(part.length);
      left -= part.length;
      if (isError) {
        said.push(part.toString('utf8'));
        words += part.length;
        while (words > MAX_SAID && said.length > 1) words -= said.shift()?.length ?? 0;
      } else if (!out.write(part)) await new Promise<void>((resolve) => void out.once('drain', resolve).once('close', resolve));
    }
  }
}

/** Lines of JSON first, and then bytes that are none. */
class LineReader {
  readonly #from: PassThrough;
  readonly #chunks: AsyncIterator<Buffer>;
  #have: Buffer = Buffer.alloc(0);

  constructor(from: PassThrough) {
    this.#from = from;
    this.#chunks = (from as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  }

  /** null at the end. Throws `dependency-step`. */
  async next(): Promise<unknown> {
    for (;;) {
      const end = this.#have.indexOf(0x0a);
      if (end !== -1) {
        const line = this.#have.subarray(0, end).toString('utf8');
        this.#have = this.#have.subarray(end + 1);
        try {
          return JSON.parse(line) as unknown;
        } catch {
          throw new NunetError('dependency-step', 'Cannot install the packages: the step said something that is not JSON');
        }
      }
      if (this.#have.length > MAX_LINE)
        throw new NunetError('dependency-step', 'Cannot install the packages: the step said a line without end');
      const { done, value } = await this.#chunks.next();
      if (done === true) return null;
      this.#have = Buffer.concat([this.#have, value]);
    }
  }

  rest(): Readable {
    const chunks = this.#chunks;
    const first = this.#have;
    const through = new PassThrough();
    const move = async (): Promise<void> => {
      let piece: Buffer | null = first;
      while (piece !== null && !through.destroyed) {
        if (!through.write(piece)) await new Promise<void>((resolve) => void through.once('drain', resolve).once('close', resolve));
        const { done, value } = await chunks.next();
        piece = done === true ? null : value;
      }
      through.end();
    };
    move().catch((error: unknown) => through.destroy(error instanceof Error ? error : new Error('The engine broke off')));
    through.once('close', () => this.#from.destroy());
    return through;
  }
}
