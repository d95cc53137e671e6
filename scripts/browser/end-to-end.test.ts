// Jobs as a person runs them, with the built extension in real browsers against a whole network: what is paid, what is refunded, what the page says.
import { describe } from 'vitest';
import { CHROMIUM } from './chromium.ts';
import { answeredJobs } from './scenes/answered-jobs.ts';
import { chainTrouble } from './scenes/chain-trouble.ts';
import { inFirefox } from './scenes/firefox.ts';
import { hostileAgents } from './scenes/hostile-agents.ts';
import { lostHub, lostParts } from './scenes/lost-parts.ts';
import { signedJobs } from './scenes/signed-jobs.ts';
import { ownMachines } from './scenes/own-machines.ts';
import { openStage } from './scenes/stage.ts';
import { twoPages } from './scenes/two-pages.ts';

describe.skipIf(CHROMIUM === undefined)('the extension', () => {
  const stage = openStage();
  answeredJobs(stage);
  signedJobs(stage);
  lostParts(stage);
  twoPages(stage);
  ownMachines(stage);
  chainTrouble(stage);
  hostileAgents(stage);
  inFirefox(stage);
  lostHub(stage);
});
