// Web pages and the wallet in real browsers: CIP-30 as a third party's library speaks it.
import { describe } from 'vitest';
import { CHROMIUM } from './chromium.ts';
import { dapps } from './scenes/dapp.ts';

describe.skipIf(CHROMIUM === undefined)('a dApp', () => dapps());
