// `npm run dev`: a whole network of its own that keeps running, with a funded wallet to run jobs from. Ctrl-C stops everything.
import { mkdirSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { bold, dim, red, say } from './demo/terminal.ts';
import { makeMnistJob } from './jobs/mnist-job.ts';
import { printNetwork } from './network/print.ts';
import { stopAll } from './network/process.ts';
import { EVERYDAY, fundedWallet, startNetwork } from './network/start.ts';
import { root, runQuietly } from './run-tool.ts';

const stop = new AbortController();
const stopped = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      say(dim('\nStopping everything that this started ...'));
      stop.abort();
      resolve();
    });
  }
});

try {
  const folder = join(root, '.dev');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  say(bold('Starting a devnet, three oracles (2 of 3), a hub and two agents ...'));
  const network = await startNetwork(
    {
      folder,
      ...EVERYDAY,
      agents: [
        { name: 'alder', priceCpuHour: '12' },
        { name: 'birch', priceCpuHour: '15' },
      ],
      say: (line) => say(dim(`  ${line}`)),
    },
    stop.signal,
  );
  const wallet = await fundedWallet(network, folder, 'wallet', stop.signal);
  const jobFile = await makeMnistJob(join(folder, 'job'));
  await runQuietly('wxt', ['build', '-b', 'chrome']);
  printNetwork(network);
  say(
    `\nRun a job:\n  npx nunet-agent run ${relative(root, jobFile)} --wallet ${relative(root, wallet.walletFile)} ${network.trust.join(' ')} --out results`,
  );
  say(
    `\nIn the browser:\n  1. chrome://extensions in Chromium, developer mode on, "Load unpacked", the folder extension/build/chrome-mv3\n` +
      `     (Firefox: npm run build, then about:debugging, "Load Temporary Add-on", extension/build/firefox-mv2/manifest.json)\n` +
      `  2. in the page that opens, make a wallet; its network is the devnet at ${network.devnet.url}`,
  );
  await stopped;
} catch (error) {
  if (!stop.signal.aborted) {
    say(red(`Cannot start: ${error instanceof Error ? error.message : String(error)}\nLogs: .dev/logs`));
    process.exitCode = 1;
  }
} finally {
  await stopAll();
}
