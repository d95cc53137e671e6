// Messages to be signed (CIP-8): what is readable, what hides in them, and that the hash shown is the hash that the vault signs.
import { addressBytes } from '@nunet/contracts/chain/address.ts';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import { hashesOf, prepare } from '../vault/prepared.ts';
import { previewData } from './data-preview.ts';
import * as world from './sample-world.ts';

const HOME = bytesToHex(addressBytes(world.HOME));
const see = (text: string | Uint8Array, origin: string | null = 'https://app.example') =>
  previewData(
    { kind: 'data', role: 'payment', address: HOME, payload: bytesToHex(typeof text === 'string' ? utf8ToBytes(text) : text) },
    origin,
  );
const risksOf = (text: string | Uint8Array, origin?: string | null) => see(text, origin).risks.map(({ code, level }) => `${code} ${level}`);

test('a login message is readable with its line ends, in any script, and names its site', () => {
  const login =
    'app.example wants you to sign in with your Cardano account:\naddr_test1…\n\nGrüße, 数字 🙂\n\nURI: https://app.example/login\nNonce: 32891756';
  const seen = see(login);
  expect(seen).toMatchObject({
    text: login,
    site: 'app.example',
    signsAs: world.HOME,
    role: 'payment',
    risks: [],
    bytes: utf8ToBytes(login).length,
  });
});

test('the JSON of CIP-93 names its site by its uri', () => {
  const json = '{"uri":"http://app.example/api/login","action":"Sign in","timestamp":1673261248}';
  expect(see(json)).toMatchObject({ site: 'app.example', risks: [] });
});

test('a site may ask for a part of itself, and the wallet itself for anything', () => {
  expect(risksOf('URI: https://login.app.example/')).toEqual([]);
  expect(risksOf('URI: https://other.example/', null)).toEqual([]);
});

describe('cannot pass unseen', () => {
  test('a login for another site', () => {
    expect(risksOf('bank.example wants you to sign in with your account')).toEqual(['other-site confirm']);
    expect(risksOf('URI: https://app.example.evil.example/')).toEqual(['other-site confirm']);
    expect(risksOf('URI: https://notapp.example/')).toEqual(['other-site confirm']);
  });

  test('text that turns its direction, controls, and characters without a width', () => {
    expect(risksOf('pay \u202e001 ADA')).toEqual(['hidden-characters confirm']);
    expect(risksOf('a\u001b[2Jb')).toEqual(['hidden-characters confirm']);
    expect(risksOf('a\u200bb')).toEqual(['hidden-characters warn']);
    expect(risksOf('\ufeffhello')).toEqual(['hidden-characters warn']);
  });

  test('bytes that are no text, and nothing at all', () => {
    expect(risksOf(Uint8Array.of(0xff, 0xfe, 0x00))).toEqual(['not-text confirm']);
    expect(risksOf(Uint8Array.of(0x01, 0x02))).toEqual(['not-text confirm']);
    expect(risksOf('')).toEqual(['not-text confirm']);
    expect(see(new Uint8Array(32).fill(0xaa)).text).toBeNull();
  });
});

test('cannot be shown: more than the vault signs, or what is not hex', () => {
  expect(() => see('x'.repeat(7_681))).toThrow('7681 bytes');
  expect(() => previewData({ kind: 'data', role: 'payment', address: HOME, payload: 'ABC' }, null)).toThrow('not hex');
  expect(() => previewData({ kind: 'data', role: 'drep', address: HOME, payload: '00' }, null)).toThrow('DRep id');
});

test('a DRep signs by its id, with and without the header of CIP-129', () => {
  const id = world.keyHashOf('drep');
  const [plain, headed] = [id, `22${id}`].map(
    (address) => previewData({ kind: 'data', role: 'drep', address, payload: '6869' }, null).signsAs,
  );
  expect(plain).toMatch(/^drep1/);
  expect(headed).toBe(plain);
  expect(previewData({ kind: 'data', role: 'drep', address: `60${id}`, payload: '6869' }, null).signsAs).toMatch(/^addr_test1v/);
});

test('the hash that is shown is the hash that the vault signs', () => {
  const account = {
    index: 0,
    name: 'Main',
    payment: world.publicKey('payment'),
    stake: world.publicKey('stake'),
    drep: world.publicKey('drep'),
  };
  for (const [role, address] of [
    ['payment', HOME],
    ['stake', bytesToHex(world.rewardBytes(world.keyHashOf('stake')))],
    ['drep', world.keyHashOf('drep')],
  ] as const) {
    const what = { kind: 'data', role, address, payload: bytesToHex(utf8ToBytes('hello')) } as const;
    const prepared = prepare({ origin: 'https://app.example', frame: '1', account: 0, network: 'devnet', what }, account, () => '');
    expect([previewData(what, null).hash]).toEqual(hashesOf(prepared));
  }
});
