// Fingerprints by CIP-14's vectors, labels by CIP-67's, and names that a stranger chose.
import { describe, expect, test } from 'vitest';
import { fingerprintOf, labelledName, labelOf, nameText, referenceTokenOf, tokenLabel } from './asset-name.ts';

const hex = (text: string): string => Buffer.from(text).toString('hex');

test('fingerprints are those of CIP-14', () => {
  const policyId = '7eae28af2208be856f7a119668ae52a49b73725e326dc16579dcc373';
  expect(fingerprintOf({ policyId, assetName: '' })).toBe('asset1rjklcrnsdzqp65wjgrg55sy9723kw09mlgvlc3');
  const other = '1e349c9bdea19fd6c147626a5260bc44b71635f398b67c59881df209';
  expect(fingerprintOf({ policyId: other, assetName: '504154415445' })).toBe('asset1hv4p5tv2a837mzqrst04d0dcptdjmluqvdx9k3');
  expect(fingerprintOf({ policyId, assetName: other })).toBe('asset17jd78wukhtrnmjh3fngzasxm8rck0l2r4hhyyt');
  expect(fingerprintOf({ policyId: other, assetName: policyId })).toBe('asset1aqrdypg669jgazruv5ah07nuyqe0wxjhe2el6f');
});

test('labels are those of CIP-67, checksum and all', () => {
  expect(labelledName(0, '')).toBe('00000000');
  expect(labelledName(1, '')).toBe('00001070');
  expect(labelledName(23, '')).toBe('00017650');
  expect(labelledName(99, '')).toBe('000632e0');
  expect(labelledName(222, '')).toBe('000de140');
  expect(labelledName(333, '')).toBe('0014df10');
  expect(labelledName(100, '')).toBe('000643b0');
  expect(labelledName(65_535, '')).toBe('0ffff240');
  expect(labelOf(`000de140${hex('Art')}`)).toEqual({ label: 222, rest: hex('Art') });
  expect(labelOf(`000de150${hex('Art')}`)).toEqual({ label: null, rest: `000de150${hex('Art')}` });
  expect(labelOf('')).toEqual({ label: null, rest: '' });
});

test('a user token names the token that holds its metadata', () => {
  const policyId = 'ab'.repeat(28);
  expect(referenceTokenOf({ policyId, assetName: '0014df10414243' })).toEqual({ policyId, assetName: '000643b0414243' });
  expect(referenceTokenOf({ policyId, assetName: '414243' })).toBeNull();
  expect(referenceTokenOf({ policyId, assetName: '000643b0414243' })).toBeNull();
});

describe('a name', () => {
  test('is shown where it is text, without its label', () => {
    expect(nameText(hex('SpaceBud42'))).toBe('SpaceBud42');
    expect(nameText(`0014df10${hex('DJED')}`)).toBe('DJED');
    expect(nameText(hex('ñandú 🦤'))).toBe('ñandú 🦤');
  });
  test('cannot be bytes that are no text', () => {
    for (const name of ['', 'ff00', '0000', '01', hex('   '), hex('a\u0000b'), 'c3']) expect(nameText(name)).toBeNull();
  });
  test('cannot turn round or hide what stands beside it', () => {
    const name = nameText(hex('a\u202ebc\u200bd'));
    expect(name).toBe('a\ufffdbc\ufffdd');
  });
  test('a token without one is called by both ends of its fingerprint', () => {
    const policyId = '7eae28af2208be856f7a119668ae52a49b73725e326dc16579dcc373';
    expect(tokenLabel({ policyId, assetName: '' })).toBe('asset1rjkl…gvlc3');
  });
});
