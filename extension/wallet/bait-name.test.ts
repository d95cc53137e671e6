// Names that lure, and names that only look a little like them.
import { expect, test } from 'vitest';
import { isBaitName } from './bait-name.ts';

test('cannot lure with an address, a promise, or our own name', () => {
  for (const name of [
    'https://claim.example',
    'Visit ntx-airdrop.io',
    'www.nunet.gift',
    'Free ADA',
    'CLAIM NOW',
    'Reclama tu premio',
    'snek . fun to claim',
    'ntxrewards.app',
    't.me/nunet',
    'ＣＬＡＩＭ', // full width
    'сlaim', // Cyrillic с
    'NTX',
    'NТX', // Cyrillic Т
    'n-t-x',
    'NuNet',
    'ADA',
    'example。com',
  ])
    expect(isBaitName(name), name).toBe(true);
});

test('leaves plain names alone', () => {
  for (const name of ['', 'SpaceBud42', 'HOSKY', 'DJED', 'WorldMobileToken', 'Adam', 'nTXnology', 'iUSD', 'v1.2', 'Freedom', 'Unclaimed'])
    expect(isBaitName(name), name).toBe(false);
});
