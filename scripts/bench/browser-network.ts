// The browser's network in real Chromium, agent to page through the network frame, beside a bare RTCDataChannel and a bare WebSocket
// in the same browser: connect, round trip, and 100 MB. Medians of rounds that take turns, so that a busy machine is busy for both.
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import type { BarePage } from '../browser/bare-page.ts';
import { openChromium } from '../browser/chromium.ts';
import { until } from '../browser/driver.ts';
import type { NetworkPage } from '../browser/network-page.ts';
import { evaluateIn, runInPage } from '../browser/page-script.ts';
import { startProcess } from '../network/process.ts';
import type { PeerLine } from './browser-network-peer.ts';
import type { Row } from './table.ts';

export interface BrowserNetworkOptions {
  /** Folder of the extension built for Chromium. */
  extension: string;
  /** For logs. */
  folder: string;
  megabytes?: number;
  rounds?: number;
  onLine?: (line: string) => void;
}

/** What one side did in one round. */
interface Figures {
  connectMs: number;
  echoMs: number;
  megabytesPerSecond: number;
}

const TRANSPORTS = ['webrtc-direct', 'ws'] as const;
const ECHOES = 200;
const LARGE_MESSAGE_BYTES = 64 * 1024;
/** What the libp2p specification of WebRTC allows, and the SDP that it makes up says so to both sides. */
const LIBP2P_MESSAGE_BYTES = 16 * 1024;
const GOAL = 0.9;

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
const medians = (rounds: readonly Figures[]): Figures => ({
  connectMs: median(rounds.map(({ connectMs }) => connectMs)),
  echoMs: median(rounds.map(({ echoMs }) => echoMs)),
  megabytesPerSecond: median(rounds.map(({ megabytesPerSecond }) => megabytesPerSecond)),
});

/** Rows for the table of `npm run bench`. */
export async function benchBrowserNetwork(options: BrowserNetworkOptions): Promise<Row[]> {
  const { megabytes = 100, rounds = 5, onLine = () => undefined } = options;
  const bytes = megabytes * 1e6;
  const process = startProcess({
    name: 'browser-network-peer',
    file: join(import.meta.dirname, 'browser-network-peer.ts'),
    args: ['--bytes', String(bytes)],
    logFile: join(options.folder, 'browser-network-peer.log'),
  });
  const browser = await openChromium({ extension: options.extension });
  try {
    const peer = (await process.line((line) => 'bareUrl' in line)) as unknown as PeerLine;
    await until('the host is there', async () => (await browser.targets.list()).some(({ url }) => url.endsWith('/offscreen.html')));
    const net = await runInPage<NetworkPage>(evaluateIn(browser.targets, '/offscreen.html'), 'network-page.ts', 'nunetNetwork');
    const page = await browser.context.newPage();
    await page.goto(peer.bareUrl);
    const bare = await runInPage<BarePage>((expression) => page.evaluate(expression), 'bare-page.ts', 'nunetBare');

    const measureOurs = async (transport: string): Promise<Figures & { requestMs: number }> => {
      const addresses = peer.addresses.filter((address) => address.includes(`/${transport}/`));
      const target = { peerId: peer.peerId, addresses };
      await net.mount({ seed: randomBytes(32).toString('hex'), hubs: [] });
      const connectMs = await took(net.ask(target));
      const requestMs: number[] = [];
      for (let turn = 0; turn < 20; turn++) requestMs.push(await took(net.ask(target)));
      const echoMs = median(await net.echo(target, 'quote', ECHOES));
      const { ms, bytes: received } = await net.read(target, 'follow');
      await net.unmount();
      if (received !== bytes) throw new NunetError('bytes-lost', `${transport}: ${received} of ${bytes} bytes came`);
      return { connectMs, echoMs, megabytesPerSecond: bytes / 1000 / ms, requestMs: median(requestMs) };
    };
    const measureBare = async (transport: (typeof TRANSPORTS)[number], messageBytes: number): Promise<Figures> => {
      const { connectMs, echoMs, transferMs } = await bare.measure(transport, ECHOES, bytes, messageBytes);
      return { connectMs, echoMs: median(echoMs), megabytesPerSecond: bytes / 1000 / transferMs };
    };

    const rows: Row[] = [];
    for (const transport of TRANSPORTS) {
      const ours: (Figures & { requestMs: number })[] = [];
      const theirs: Figures[] = [];
      const small: Figures[] = [];
      for (let round = 0; round < rounds; round++) {
        theirs.push(await measureBare(transport, LARGE_MESSAGE_BYTES));
        if (transport === 'webrtc-direct') small.push(await measureBare(transport, LIBP2P_MESSAGE_BYTES));
        ours.push(await measureOurs(transport));
        onLine(`${transport}: ${text(ours.at(-1))} | bare ${text(theirs.at(-1))}`);
      }
      rows.push(...rowsOf(transport, medians(ours), medians(theirs), median(ours.map(({ requestMs }) => requestMs)), megabytes));
      if (small.length > 0) {
        const { megabytesPerSecond } = medians(small);
        rows.push({
          what: 'bare RTCDataChannel with libp2p’s 16 KiB messages',
          figure: `${megabytesPerSecond.toFixed(1)} MB/s`,
          baseline: `the frame has ${(medians(ours).megabytesPerSecond / megabytesPerSecond).toFixed(2)} of it`,
        });
      }
    }
    return rows;
  } finally {
    await browser.close();
    await process.stop();
  }
}

const text = (figures: Figures | undefined): string =>
  figures === undefined
    ? ''
    : `${figures.connectMs.toFixed(0)} ms, ${figures.echoMs.toFixed(2)} ms, ${figures.megabytesPerSecond.toFixed(1)} MB/s`;

async function took(asked: ReturnType<NetworkPage['ask']>): Promise<number> {
  const answer = await asked;
  if ('ms' in answer) return answer.ms;
  throw new NunetError('peer-unreachable', answer.message);
}

function rowsOf(transport: string, ours: Figures, bare: Figures, requestMs: number, megabytes: number): Row[] {
  const name = transport === 'ws' ? 'WebSocket' : 'RTCDataChannel';
  const ratio = ours.megabytesPerSecond / bare.megabytesPerSecond;
  return [
    {
      what: `${transport}: connect and first answer, through the frame`,
      figure: `${ours.connectMs.toFixed(0)} ms`,
      baseline: `bare ${name} open ${bare.connectMs.toFixed(0)} ms`,
    },
    {
      what: `${transport}: round trip of 64 bytes, open stream`,
      figure: `${ours.echoMs.toFixed(2)} ms`,
      baseline: `bare ${bare.echoMs.toFixed(2)} ms`,
    },
    { what: `${transport}: request and answer, new stream`, figure: `${requestMs.toFixed(1)} ms` },
    {
      what: `${transport}: ${megabytes} MB from agent to page`,
      figure: `${ours.megabytesPerSecond.toFixed(1)} MB/s`,
      baseline: `bare ${bare.megabytesPerSecond.toFixed(1)} MB/s, ${ratio.toFixed(2)} of it`,
      goal: `>= ${GOAL} of bare`,
      met: ratio >= GOAL,
    },
  ];
}
