// Wires the edge for Node: keys, record, chain, database, oracle, HTTP. node.ts starts it.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { serve, type HttpBindings } from '@hono/node-server';
import { openChain } from '@nunet/contracts/chain/open.ts';
import { readLock } from '@nunet/contracts/locks.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { signerOf } from '@nunet/shared/signature.ts';
import { createApp } from './app.ts';
import { openDecisionLog, type DecisionLog } from './decision-log.ts';
import { openDatabase } from './db/open.ts';
import { createStore, type Store } from './db/store.ts';
import { createTelemetryStore } from './db/telemetry-store.ts';
import { exchangeOver } from './exchange-client.ts';
import { readFeeKey, readOracleKey, readProjectId } from './key-file.ts';
import type { NodeOptions } from './node-options.ts';
import { createOracle } from './oracle.ts';
import { DEFAULT_LIMITS, limitsFor } from './ports.ts';
import { openRecordFile } from './record-file.ts';
import { replayOver } from './replay-client.ts';
import { createSettler } from './settler.ts';
import { createTelemetry } from './telemetry.ts';

export interface RunningEdge {
  url: string;
  network: string;
  oracleKey: string;
  feeAddress: string;
  /** Ends requests, loop and database, in this order. */
  stop: () => Promise<void>;
  /** Resolves when this edge must not go on; stop it then. */
  failed: Promise<NunetError>;
}

const DEVNET_BLOCK_MS = 1_000;
const REQUEST_LIMIT_MS = 20_000;
const RECORD_REFRESH_MS = 5_000;
const MAX_CONNECTIONS = 2_000;

/** For chaos runs, which kill the process around each write. Empty in every normal start. */
export interface EdgeHooks {
  store?: (store: Store) => Store;
  decisions?: (log: DecisionLog) => DecisionLog;
}

/** Throws NunetErrors that say what to do; starts nothing then. */
export async function serveEdge(options: NodeOptions, log: (line: string) => void, hooks: EdgeHooks = {}): Promise<RunningEdge> {
  const now = Date.now;
  const { secretKey, network } = await readOracleKey(options.oracleKey);
  const feeKey = await readFeeKey(options.feeKey, network);
  const signer = signerOf(secretKey);
  await mkdir(options.data, { recursive: true, mode: 0o700 });
  const record = await openRecordFile({ path: options.networkRecord, folder: options.data, network, pinned: options.pinned, now, log });
  const own = record.current().oracles.find(({ key }) => key === signer.publicKey);
  if (own === undefined) log(`oracle ${signer.publicKey} is not in the network record ${record.current().sequence}: no lock will name it`);
  const access = async (source: string, project: string | null) => ({
    source,
    projectId: project === null ? undefined : await readProjectId(project),
  });
  const chain = await openChain({
    network,
    first: await access(options.chain, options.chainProject),
    second: options.chain2 === null ? undefined : await access(options.chain2, options.chain2Project),
    asset: record.current().asset,
    compareAbove: options.compareAbove ?? undefined,
  });

  const failed = Promise.withResolvers<NunetError>();
  const database = await openDatabase(
    options.data,
    options.database === null
      ? {}
      : { postgres: { url: options.database, oracleKey: signer.publicKey, lost: (error) => failed.resolve(error) } },
  );
  const openedLog = await openDecisionLog(join(options.data, 'decisions.jsonl'), signer.publicKey).catch(async (error: unknown) => {
    await database.close();
    throw error;
  });
  const decisions = hooks.decisions?.(openedLog) ?? openedLog;
  const opened = createStore(database.db);
  const store = hooks.store?.(opened) ?? opened;
  const blockMs = options.blockMs ?? (network === 'devnet' ? DEVNET_BLOCK_MS : null);
  const settler = createSettler(chain, feeKey, () => record.current());
  const oracle = createOracle(
    {
      store,
      decisions,
      chain,
      readLock: (lock, signal) => readLock(chain, lock, signal),
      record: () => record.current(),
      signer,
      settler,
      replay: options.replaySocket === null ? null : replayOver(options.replaySocket),
      exchange: exchangeOver({ fetch: globalThis.fetch, signer, now, random: (bytes) => new Uint8Array(randomBytes(bytes)) }),
      now,
      log,
    },
    blockMs === null ? DEFAULT_LIMITS : limitsFor(blockMs),
  );

  const stopping = new AbortController();
  let bound: string[] = [];
  const app = createApp({
    oracle,
    telemetry: createTelemetry({
      store: createTelemetryStore(database.db),
      network,
      isRevoked: (peerId) => record.current().revokedPeers.includes(peerId),
      now,
    }),
    // The record's name for this edge, and where it really listens: a proxy may stand in between.
    authorities: () => [
      ...record
        .current()
        .oracles.filter(({ key }) => key === signer.publicKey)
        .map(({ url }) => new URL(url).host),
      ...bound,
    ],
    oracleKeys: () => record.current().oracles.map(({ key }) => key),
    useNonce: (peer, nonce, expiresAt) => store.useNonce(peer, nonce, expiresAt),
    now,
    requestSignal: () => AbortSignal.any([stopping.signal, AbortSignal.timeout(REQUEST_LIMIT_MS)]),
    addressOf: (_, env) => (env as Partial<HttpBindings>).incoming?.socket.remoteAddress ?? 'unknown',
    log,
  });

  const server = serve({
    fetch: app.fetch,
    port: options.port,
    hostname: options.host,
    // A connection that says nothing is not kept.
    serverOptions: { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 5_000 },
  });
  server.maxConnections = MAX_CONNECTIONS;
  const failure = await Promise.race([once(server, 'listening').then(() => null), once(server, 'error').then(([error]) => error as Error)]);
  if (failure !== null) {
    await decisions.close();
    await database.close();
    throw new NunetError('port-unavailable', `Cannot listen on ${options.host}:${options.port}: ${failure.message}`, { cause: failure });
  }
  const { port } = server.address() as AddressInfo;
  bound = [`${options.host}:${port}`, `localhost:${port}`];

  const running = oracle.run(stopping.signal).catch((error: unknown) => log(`the oracle stopped: ${(error as Error).message}`));
  // The oracle that mostly submits loads its builder while nothing waits for it: that blocks for two seconds.
  const isFirst = record.current().oracles.every(({ key }) => key >= signer.publicKey);
  if (isFirst) settler.prepare();
  const refreshing = setInterval(() => void record.refresh(), RECORD_REFRESH_MS);
  return {
    url: `http://${options.host}:${port}`,
    network,
    oracleKey: signer.publicKey,
    feeAddress: settler.address,
    failed: failed.promise,
    async stop() {
      clearInterval(refreshing);
      stopping.abort(new NunetError('edge-stopping', 'Cannot answer: the edge is stopping'));
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      if ('closeAllConnections' in server) setTimeout(() => server.closeAllConnections(), 1_000).unref();
      await Promise.all([closed, running]);
      await decisions.close();
      await database.close();
    },
  };
}
