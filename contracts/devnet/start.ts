// Starts a devnet: random genesis, blocks on a timer, the HTTP face on a loopback port.
import { randomBytes } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { Hono } from 'hono';
import { cors } from 'hono/cors';
import type { AssetId } from '@nunet/shared/fields.ts';
import { blockfrostApi } from './blockfrost-api.ts';
import { controlsApi } from './controls.ts';
import { faucetKey, genesisFor, testNtx } from './faucet.ts';
import { Evaluator } from './evaluator.ts';
import { koiosApi } from './koios-api.ts';
import { Ledger } from './ledger.ts';
import { Outage } from './outage.ts';
import { pageRoutes } from './page.ts';

export interface DevnetOptions {
  /** 0 takes a free port. */
  port?: number;
  /** Blocks are made even when empty. Below a second several blocks share a slot. */
  blockTimeMs?: number;
  /** For one evaluation of a transaction's scripts. */
  evaluationLimitMs?: number;
  now?: () => number;
  random?: (bytes: number) => Uint8Array;
}

export interface Devnet {
  url: string;
  ledger: Ledger;
  asset: AssetId;
  blockTimeMs: number;
  stop: () => Promise<void>;
}

/** Only this machine reaches a devnet: it has a faucet and controls and asks nobody for a name. */
const HOST = '127.0.0.1';
/** Under the devnet's address, as the public service has its API under /api/v1. */
const KOIOS_PATH = '/koios/api/v1';

export async function startDevnet({
  port = 0,
  blockTimeMs = 1000,
  evaluationLimitMs,
  now = Date.now,
  random = randomBytes,
}: DevnetOptions = {}): Promise<Devnet> {
  const key = faucetKey(random);
  const numbers = new DataView(Uint8Array.from(random(8)).buffer);
  // One to twelve days old, so that slots look like slots; on a whole second, as /genesis can tell.
  const ageSeconds = 86_400 + (numbers.getUint32(0) % 1_000_000);
  const ledger = new Ledger({
    now,
    slotConfig: { zeroTimeMs: (Math.floor(now() / 1000) - ageSeconds) * 1000, zeroSlot: 0, slotLengthMs: 1000 },
    networkMagic: 1_000 + (numbers.getUint32(4) % 4_000_000_000),
    genesis: genesisFor(key, random),
  });

  let paused = false;
  let timer: NodeJS.Timeout | undefined;
  const tick = (): void => {
    evaluator.warmUp();
    if (!paused) ledger.makeBlock();
    timer = setTimeout(tick, blockTimeMs);
  };

  const outage = new Outage();
  const evaluator = new Evaluator(evaluationLimitMs === undefined ? {} : { timeLimitMs: evaluationLimitMs });
  const faceOf = (routes: Hono): Hono => {
    const shown = new Hono();
    shown.use(cors({ origin: '*', allowMethods: ['GET', 'POST'], allowHeaders: ['content-type', 'project_id', 'authorization'] }));
    shown.use(outage.middleware());
    shown.route('/', routes);
    return shown;
  };
  const face = faceOf(blockfrostApi(ledger, evaluator));
  const koios = faceOf(koiosApi(ledger, evaluator));
  const app = new Hono();
  app.route('/', await pageRoutes());
  app.route('/devnet', controlsApi({ ledger, faucet: key, outage, blockTimeMs, setPaused: (value) => (paused = value) }));
  // A preflight would otherwise reach the face below and be granted: foreign web pages have no business with the controls.
  app.options('/devnet/*', (context) => context.body(null, 404));
  // The same ledger once more as Koios shows it. Before the Blockfrost face, which also stands at the root.
  app.route(KOIOS_PATH, koios);
  // Clients append either their own base path or Blockfrost's.
  app.route('/api/v0', face);
  app.route('/', face);
  app.notFound((context) =>
    context.json({ status_code: 404, error: 'Not Found', message: 'The requested component has not been found.' }, 404),
  );

  const { server, address } = await new Promise<{ server: ReturnType<typeof serve>; address: AddressInfo }>((resolve, reject) => {
    const listening = serve({ fetch: app.fetch, port, hostname: HOST }, (info) => resolve({ server: listening, address: info }));
    listening.once('error', reject);
  });
  timer = setTimeout(tick, blockTimeMs);

  return {
    url: `http://${HOST}:${address.port}`,
    ledger,
    asset: testNtx(key),
    blockTimeMs,
    stop: async () => {
      clearTimeout(timer);
      await evaluator.stop();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        if ('closeAllConnections' in server) server.closeAllConnections();
      });
    },
  };
}
