// Every intent and every risk has its sentence in both languages, with its facts in it and nothing of a stranger's that could turn it.
import { beforeEach, describe, expect, test } from 'vitest';
import { chooseLanguage, LANGUAGES, t, type Language } from '../ui/i18n.ts';
import type { Intent, Risk, RiskCode, TokenAmount } from './preview.ts';
import { intentText, moneyText, riskText } from './sheet-words.ts';
import * as world from './sample-world.ts';

const nowhere = { setItem: () => undefined };
const NTX: TokenAmount = { unit: 'n', label: 'NTX', quantity: 250_000_000n, decimals: 6, isNtx: true };
const JUNK: TokenAmount = { unit: 'j', label: 'Junk', quantity: 3n, decimals: 0, isNtx: false };
const certificate = { name: 'stake-delegation', isOwn: true, credential: null, pool: 'pool1', drep: null, depositLovelace: 0n } as const;

const INTENTS: Intent[] = [
  {
    kind: 'lock',
    amountBaseUnits: 250_000_000n,
    lovelace: 2_000_000n,
    jobTitle: 'digits',
    computeProvider: world.FRIEND,
    refundableAfterMs: world.NOW,
    oracles: 3,
    k: 2,
  },
  { kind: 'payment', recipients: [{ address: world.FRIEND, name: 'Ada', lovelace: 2_000_000n, tokens: [NTX] }] },
  { kind: 'payment', recipients: [{ address: world.FRIEND, name: null, lovelace: 2_000_000n, tokens: [] }] },
  { kind: 'payment', recipients: [1n, 2n].map((lovelace) => ({ address: world.FRIEND, name: null, lovelace, tokens: [NTX] })) },
  { kind: 'own', reason: 'collateral' },
  { kind: 'own', reason: 'move' },
  { kind: 'reclaim', locks: 1, baseUnits: 5n },
  { kind: 'reclaim', locks: 2, baseUnits: 5n },
  { kind: 'agree', locks: 1, paidBaseUnits: 1n, backBaseUnits: 2n },
  { kind: 'settle', locks: 1, paidBaseUnits: 1n, backBaseUnits: 2n },
  { kind: 'staking', certificates: [certificate], withdrawnLovelace: 5_000_000n },
  { kind: 'staking', certificates: [], withdrawnLovelace: 5_000_000n },
  { kind: 'governance', certificates: [], votes: 1, proposals: 2 },
  ...(['script', 'script-like-ours', 'mixture', 'others-money', 'unknown-fields', 'unresolved'] as const).map((because): Intent => ({
    kind: 'unrecognised',
    because,
  })),
];

/** Facts, and what of them the sentence has to say. */
const DETAILS: Partial<Record<RiskCode, [Risk['detail'], ...string[]][]>> = {
  'network-mismatch': [[{}], [{ address: world.FRIEND }, 'addr_test1']],
  'byron-address': [[{ address: 'Ae2tdPwUPEZ' }, 'Ae2tdPwUPEZ']],
  'unknown-script': [[{ address: '' }], [{ address: world.FRIEND }, 'addr_test1']],
  'look-alike-address': [[{ address: world.FRIEND, like: world.HOME }, world.FRIEND.slice(-6), world.HOME.slice(-6)]],
  'new-recipient': [
    [{ address: world.FRIEND, count: 1 }, world.FRIEND.slice(-6)],
    [{ address: world.FRIEND, count: 3 }, '3'],
  ],
  'foreign-change': [
    [{ address: world.FRIEND, keeps: 'payment' }, world.FRIEND.slice(-6)],
    [{ address: world.FRIEND, keeps: 'stake' }, world.FRIEND.slice(-6)],
  ],
  expired: [[{ untilMs: world.NOW }, '2026']],
  'unknown-fields': [[{ fields: '6, 23' }, '6, 23']],
  'other-site': [[{ site: 'bank.example', origin: 'https://app.example' }, 'bank.example', 'https://app.example']],
  certificates: [
    [{ count: 1, foreign: 0 }, '1'],
    [{ count: 2, foreign: 1 }, '2', '1'],
  ],
  withdrawals: [
    [{ count: 1, foreign: 0, lovelace: 7_000_000n }, '7 ADA'],
    [{ count: 2, foreign: 1, lovelace: 7_000_000n }, '2', '1', '7 ADA'],
  ],
  mint: [
    [{ count: 4, burnt: 0 }, '4'],
    [{ count: 4, burnt: 1 }, '4', '1'],
  ],
  'high-fee': [[{ lovelace: 7_000_000n }, '7 ADA']],
  'collateral-at-risk': [[{ lovelace: 7_000_000n }, '7 ADA']],
  donation: [[{ lovelace: 7_000_000n }, '7 ADA']],
  proposals: [[{ count: 2, lovelace: 7_000_000n }, '2', '7 ADA']],
  'large-part': [[{ percent: 60 }, '60']],
  'foreign-inputs': [[{ count: 2, of: 3 }, '2', '3']],
};

describe.each(Object.keys(LANGUAGES) as Language[])('in %s', (language) => {
  beforeEach(() => chooseLanguage(language, nowhere));

  test('every intent is one sentence', () => {
    const texts = INTENTS.map(intentText);
    for (const text of texts) expect(text).not.toMatch(/undefined|NaN|\[object|^$|\s{2}/);
    expect(new Set(texts).size).toBe(INTENTS.length);
  });

  test('every risk is a sentence, with all that it is about', () => {
    for (const code of Object.keys(t().sheet.risk) as RiskCode[]) {
      for (const [detail, ...says] of DETAILS[code] ?? [[{ count: 2 }]]) {
        const text = riskText({ code, level: 'warn', detail });
        expect(text, code).toMatch(/\.$/);
        expect(text, code).not.toMatch(/undefined|NaN|\[object|\s{2}|\(\)/);
        for (const wanted of says) expect(text, code).toContain(wanted);
      }
    }
  });

  test('the lock says its amount, job and time', () => {
    const text = intentText(INTENTS[0]!);
    expect(text).toContain('250 NTX');
    expect(text).toContain('digits');
    expect(text).toContain('2026');
  });
});

describe('a stranger’s words', () => {
  beforeEach(() => chooseLanguage('en', nowhere));

  test('cannot turn or lengthen the sentence around them', () => {
    const lock = { ...INTENTS[0], jobTitle: `\u202e${'x'.repeat(5_000)}` } as Intent;
    const text = intentText(lock);
    expect(text).not.toContain('\u202e');
    expect(text.length).toBeLessThan(250);
    expect(text).toContain('\u2068');
    expect(text.lastIndexOf('\u2069')).toBeGreaterThan(text.indexOf('\u2068'));
  });

  test('cannot pass for NTX by their name', () => {
    const fake = { ...JUNK, label: 'NTX' };
    expect(moneyText(0n, [fake])).toBe('3 \u2068NTX\u2069');
    expect(moneyText(0n, [NTX])).toBe('250 NTX');
  });

  test('many tokens are one and a count', () => {
    expect(moneyText(1_000_000n, [NTX, JUNK, JUNK, JUNK])).toBe('250 NTX, 1 ADA, 3 \u2068Junk\u2069 and 2 other tokens');
  });
});
