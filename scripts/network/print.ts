// Where everything of a running network can be reached.
import { bold, say } from '../demo/terminal.ts';
import type { RunningNetwork } from './start.ts';

export function printNetwork(network: RunningNetwork): void {
  say(bold('\nStill running; Ctrl-C stops everything:'));
  say(`  devnet    ${network.devnet.url}/   blocks, transactions, faucet`);
  for (const oracle of network.oracles) say(`  ${oracle.name}  ${oracle.url}/   status`);
  for (const agent of network.agents.values()) {
    say(`  ${agent.plan.name.padEnd(9)} npx nunet-agent status --data ${agent.dataPath}`);
  }
  say(`  flags     ${network.trust.join(' ')}`);
}
