// replay: the agent that an operator runs beside its oracle. Runs disputed public jobs again and says what came out. Earns and signs nothing.
import { mkdir, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import { network as networkName } from '@nunet/shared/fields.ts';
import { parseListen } from '../config.ts';
import { EmbeddedExecutor, systemClock } from '../executor/embedded.ts';
import { loadPeerKey } from '../network/identity.ts';
import { createNode } from '../network/node.ts';
import { takeProcessLock } from '../process-lock.ts';
import { serveReplays } from '../replay-port.ts';
import { fetchFromSources } from '../replay-sources.ts';
import { replayJob } from '../replay.ts';
import { parseFlags, type Command, type CommandIo } from './flags.ts';

const DEFAULT_FOLDER = join(homedir(), '.nunet-replay');

const flags = {
  data: { value: 'FOLDER', help: `folder of this replayer alone (${DEFAULT_FOLDER})` },
  network: { value: 'NAME', help: 'devnet, preview or preprod (preprod)' },
  socket: { value: 'PATH', help: 'unix socket to listen on' },
  listen: { value: '127.0.0.1:PORT', help: 'instead of a socket: a loopback port' },
  'max-disk-gib': { value: 'GIB', help: 'most that one replay may fetch (16)' },
  'allow-below-floor': { help: 'devnet only: replay although the sandbox is below its floor' },
  json: { help: 'one JSON line when ready' },
} as const;

async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const given = parseFlags({ name: 'replay', flags }, argv);
  const parsed = networkName.safeParse(given.network ?? 'preprod');
  if (!parsed.success) throw new NunetError('flag-invalid', 'Cannot replay: --network must be devnet, preview or preprod');
  const network = parsed.data;
  const allowBelowFloor = given['allow-below-floor'] === true;
  if (allowBelowFloor && network !== 'devnet') {
    throw new NunetError('flag-invalid', `Cannot replay: --allow-below-floor is for the devnet alone, this is ${network}`);
  }
  const dataPath = resolve(given.data ?? DEFAULT_FOLDER);
  const listen = listenOn(given.socket, given.listen);
  const maxDiskGib = Number(given['max-disk-gib'] ?? '16');
  if (!(maxDiskGib > 0 && maxDiskGib <= 1_048_576))
    throw new NunetError('flag-invalid', `Cannot replay: --max-disk-gib "${given['max-disk-gib']}" is not a number of GiB above 0`);
  await mkdir(dataPath, { recursive: true, mode: 0o700 });
  const lock = await takeProcessLock(join(dataPath, 'replay.lock'), 'the replayer');
  const executor = new EmbeddedExecutor({ clock: systemClock, allowBelowFloor });
  try {
    const workRoot = join(dataPath, 'work');
    // What a killed replay left.
    await rm(workRoot, { recursive: true, force: true });
    const { sandbox, detail, kinds } = await executor.fingerprint(io.signal);
    if (kinds.length === 0) throw new NunetError('sandbox-below-floor', `Cannot replay: the sandbox is ${detail}`);
    const { seed, peerId } = await loadPeerKey(join(dataPath, 'peer.key'));
    const node = await createNode({
      network,
      privateKey: seed,
      listen: {},
      hub: false,
      allowPrivate: network === 'devnet',
      agentVersion: 'nunet-replay/0.1.0',
      signal: new AbortController().signal,
    });
    const parts = {
      network,
      executor,
      workRoot,
      maxBytes: Math.floor(maxDiskGib * 2 ** 30),
      fetchFile: fetchFromSources(node),
    };
    if (typeof listen === 'string') await rm(listen, { force: true });
    const port = await serveReplays(listen, (request, signal) => replayJob(request, parts, signal), {
      signal: io.signal,
      log: (line) => io.warn(line),
    });
    if (given.json === true) io.print(JSON.stringify({ ready: true, peerId, address: port.address, sandbox }));
    else io.print(`Replayer ${peerId} is ready at ${port.address}; sandbox: ${detail}`);
    await new Promise<void>((done) => {
      if (io.signal.aborted) done();
      io.signal.addEventListener('abort', () => done(), { once: true });
    });
    await port.close();
    await node.stop();
    return 0;
  } finally {
    await executor.close();
    await lock.release();
  }
}

function listenOn(socket: string | undefined, text: string | undefined): string | { host: '127.0.0.1'; port: number } {
  if (socket !== undefined && text !== undefined)
    throw new NunetError('flag-invalid', 'Cannot replay: give --socket or --listen, not both');
  if (socket !== undefined) return resolve(socket);
  const at = text === undefined ? null : parseListen(text);
  if (at?.host !== '127.0.0.1') throw new NunetError('flag-missing', 'Cannot replay: give --socket PATH, or --listen 127.0.0.1:PORT');
  return { host: '127.0.0.1', port: at.port };
}

export const command: Command = { name: 'replay', summary: 'run disputed jobs again for the oracle of the same operator', flags, run };
