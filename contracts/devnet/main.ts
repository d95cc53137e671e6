// `node contracts/devnet/main.ts --port 0 --block-time 1000`: prints one line of JSON, then serves until SIGTERM or SIGINT.
import { parseArgs } from 'node:util';
import { startDevnet } from './start.ts';

const { values } = parseArgs({ options: { port: { type: 'string', default: '0' }, 'block-time': { type: 'string', default: '1000' } } });

function wholeNumber(name: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (!/^\d{1,7}$/.test(text) || value < least || value > most) {
    console.error(`Cannot start the devnet: --${name} is "${text.slice(0, 20)}", want a whole number from ${least} to ${most}`);
    process.exit(2);
  }
  return value;
}

const port = wholeNumber('port', values.port, 0, 65_535);
const blockTimeMs = wholeNumber('block-time', values['block-time'], 20, 600_000);

try {
  const devnet = await startDevnet({ port, blockTimeMs });
  const { ledger, url, asset } = devnet;
  console.log(JSON.stringify({ url, asset, networkMagic: ledger.networkMagic, slotConfig: ledger.slotConfig, blockTimeMs }));
  const stop = (): void => void devnet.stop().then(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
} catch (error) {
  console.error(`Cannot start the devnet: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
}
