// hub: relays, passes adverts on and tells newcomers who is there. Runs no jobs and holds no money.
import { mkdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { network as networkName } from '@nunet/shared/fields.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { parseListen } from '../config.ts';
import { AdvertBook } from '@nunet/shared/advert-book.ts';
import { probeBlocks } from '../benchmark/network-probe.ts';
import { startAdverts } from '../network/adverts.ts';
import { serveBlocks } from '../network/blocks.ts';
import { keepHubs } from '../network/hubs.ts';
import { loadPeerKey } from '../network/identity.ts';
import { createNode } from '../network/node.ts';
import { takeProcessLock } from '../process-lock.ts';
import { hubFlags, parseFlags, type Command, type CommandIo } from './flags.ts';

const DEFAULT_FOLDER = join(homedir(), '.nunet-hub');

const flags = {
  data: { value: 'FOLDER', help: `where its key and known peers lie (${DEFAULT_FOLDER})` },
  network: { value: 'NAME', help: 'devnet, preview or preprod (preprod)' },
  'listen-tcp': { value: 'IP:PORT', help: 'where to listen (off)' },
  'listen-ws': { value: 'IP:PORT', help: 'the same for WebSocket (off)' },
  'listen-webrtc': { value: 'IP:PORT', help: 'the same for WebRTC (off)' },
  hub: { value: 'MULTIADDR', many: true, help: 'another hub to stay connected to' },
  json: { help: 'one JSON line when ready' },
} as const;

async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const given = parseFlags({ name: 'hub', flags }, argv);
  const parsed = networkName.safeParse(given.network ?? 'preprod');
  if (!parsed.success) throw new NunetError('flag-invalid', 'Cannot run hub: --network must be devnet, preview or preprod');
  const network = parsed.data;
  const dataPath = resolve(given.data ?? DEFAULT_FOLDER);
  const listen = (flag: 'listen-tcp' | 'listen-ws' | 'listen-webrtc') => {
    const text = given[flag];
    if (text === undefined || text === 'off') return undefined;
    const at = parseListen(text);
    if (at === null) throw new NunetError('flag-invalid', `Cannot run hub: --${flag} "${text.slice(0, 60)}" is not IP:PORT`);
    return at;
  };
  const at = { tcp: listen('listen-tcp'), ws: listen('listen-ws'), webrtcDirect: listen('listen-webrtc') };
  if (Object.values(at).every((where) => where === undefined))
    throw new NunetError(
      'flag-missing',
      'Cannot run hub: nobody could reach it; give at least one of --listen-tcp, --listen-ws, --listen-webrtc',
    );
  const hubs = hubFlags('hub', given.hub);
  await mkdir(dataPath, { recursive: true, mode: 0o700 });
  const lock = await takeProcessLock(join(dataPath, 'hub.lock'), 'the hub');
  try {
    const { seed, signer, peerId } = await loadPeerKey(join(dataPath, 'peer.key'));
    const node = await createNode({
      network,
      privateKey: seed,
      listen: Object.fromEntries(Object.entries(at).filter(([, where]) => where !== undefined)),
      datastorePath: join(dataPath, 'peers'),
      hub: true,
      allowPrivate: network === 'devnet',
      agentVersion: 'nunet-hub/0.1.0',
      signal: new AbortController().signal,
    });
    const now = (): number => Date.now();
    const adverts = await startAdverts({
      node,
      book: new AdvertBook({ network, now }),
      signer,
      offer: () => null,
      serveCurrent: true,
      now,
    });
    // A hub has no job's files; it helps agents to measure their way to the network.
    await serveBlocks(
      node,
      probeBlocks(
        () => Promise.resolve(null),
        () => performance.now(),
      ),
    );
    const keeping = keepHubs({
      node,
      hubs,
      signal: io.signal,
      onState: (state) => {
        if (state.state === 'down') io.warn(state.message);
      },
    });
    const addresses = node.addresses();
    if (given.json === true) io.print(JSON.stringify({ peerId, addresses }));
    else {
      io.print(`Hub ${peerId} is ready on ${network}`);
      for (const address of addresses) io.print(`  ${address}`);
    }
    await keeping;
    await new Promise<void>((done) => {
      if (io.signal.aborted) done();
      io.signal.addEventListener('abort', () => done(), { once: true });
    });
    await adverts.stop();
    await node.stop();
    return 0;
  } finally {
    await lock.release();
  }
}

export const command: Command = { name: 'hub', summary: 'relay and gossip for others; runs no jobs', flags, run };
