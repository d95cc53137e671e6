// What this machine was last measured at, signed by its peer key, in one versioned file beside the configuration.
import { readFile } from 'node:fs/promises';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { benchmark, type Benchmark } from '@nunet/shared/benchmark.ts';
import { NunetError, safeError } from '@nunet/shared/errors.ts';
import { network, peerIdText, type Network } from '@nunet/shared/fields.ts';
import { keyOfPeerId } from '@nunet/shared/peer-id.ts';
import { openStatement, signStatement, type Signer } from '@nunet/shared/signature.ts';
import { z } from 'zod';
import { writeWhole } from '../whole-file.ts';

const FILE_VERSION = 1;
const MAX_STATEMENT_BYTES = 8 * 1024;
/** In an advert of 4 KiB with a dozen addresses there is room for few. */
const ADVERTISED_GPUS = 4;
const ADVERTISED_NAME = 40;

const statement = z.strictObject({ v: z.literal(1), network, peerId: peerIdText, result: benchmark });
const stored = z.strictObject({ version: z.literal(FILE_VERSION), envelope: z.string().regex(/^([0-9a-f]{2}){1,20000}$/) });

export async function writeBenchmark(
  path: string,
  result: Benchmark,
  by: { network: Network; peerId: string; signer: Signer },
): Promise<void> {
  const { envelope } = await signStatement('benchmark', { v: 1 as const, network: by.network, peerId: by.peerId, result }, by.signer);
  await writeWhole(path, `${JSON.stringify({ version: FILE_VERSION, envelope: bytesToHex(envelope) }, null, 2)}\n`);
}

/** null: there is none. Throws `benchmark-invalid` for one that is damaged, newer than this program, or of another agent. */
export async function readBenchmark(path: string, of: { network: Network; peerId: string }): Promise<Benchmark | null> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) return null;
  try {
    const { envelope } = stored.parse(JSON.parse(text));
    const opened = openStatement('benchmark', statement, hexToBytes(envelope), {
      network: of.network,
      maxBytes: MAX_STATEMENT_BYTES,
      // The copy of another machine's file would be signed by that one.
      keyOf: () => keyOfPeerId(of.peerId),
    });
    return opened.body.result;
  } catch (cause) {
    throw new NunetError('benchmark-invalid', `Cannot use ${path}: it is damaged or of another agent; run "nunet-agent benchmark" again`, {
      cause,
    });
  }
}

/** What an advert says of it. */
export const advertised = (result: Benchmark | null): { benchmark?: Benchmark } =>
  result === null
    ? {}
    : {
        benchmark: {
          ...result,
          gpus: result.gpus.slice(0, ADVERTISED_GPUS).map((gpu) => ({ ...gpu, name: gpu.name.slice(0, ADVERTISED_NAME) })),
        },
      };

/** A benchmark is made rarely, by a command beside the running agent. */
const LOOK_EVERY_MS = 30_000;

/** The file as it is, looked at now and then, so that a new measurement is advertised without a restart. */
export async function keepBenchmarkRead(
  path: string,
  of: { network: Network; peerId: string },
  log: (line: string) => void,
): Promise<{ current(): Benchmark | null; stop(): void }> {
  let current: Benchmark | null = null;
  let told = '';
  const look = async (): Promise<void> => {
    try {
      current = await readBenchmark(path, of);
    } catch (error) {
      current = null;
      const { message } = safeError(error);
      if (message !== told) log(message);
      told = message;
    }
  };
  await look();
  const timer = setInterval(() => void look(), LOOK_EVERY_MS);
  timer.unref();
  return { current: () => current, stop: () => clearInterval(timer) };
}
