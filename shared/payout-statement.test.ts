import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import {
  parsePayoutProof,
  parsePayoutText,
  payoutProofText,
  payoutText,
  readPastedPayout,
  type PayoutStatement,
} from './payout-statement.ts';
import { SAMPLE_TIME_MS, sampleAddress, samplePeerId } from './samples.ts';

const first: PayoutStatement = {
  network: 'preprod',
  agent: samplePeerId('agent'),
  address: sampleAddress('pay'),
  sequence: 1,
  previous: null,
  expiresAt: SAMPLE_TIME_MS,
};

describe('the text of a statement', () => {
  it('is what a person reads', () => {
    expect(payoutText(first)).toBe(
      [
        'nunet/payout/1',
        'The pay of this NuNet agent goes to this address.',
        'network: preprod',
        `agent: ${first.agent}`,
        `address: ${first.address}`,
        'previous address: none',
        'sequence: 1',
        'valid until: 2026-01-01T00:00:00Z',
      ].join('\n'),
    );
  });

  it('is read back as it was, for every statement', () => {
    fc.assert(
      fc.property(
        fc.record({
          network: fc.constantFrom('devnet' as const, 'preview' as const, 'preprod' as const),
          agent: fc.string().map(samplePeerId),
          address: fc.string().map(sampleAddress),
          sequence: fc.integer({ min: 1, max: 1_000_000 }),
          before: fc.string().map(sampleAddress),
          // Of four-digit years, as the text has them.
          expiresAt: fc.integer({ min: 0, max: 253_402_300_799 }).map((seconds) => seconds * 1_000),
        }),
        ({ before, ...rest }) => {
          const statement: PayoutStatement = { ...rest, previous: rest.sequence === 1 ? null : before };
          expect(parsePayoutText(payoutText(statement))).toEqual(statement);
        },
      ),
    );
  });

  const text = payoutText(first);
  test.each([
    ['another order', text.replace(/(address: .*)\n(previous.*)/, '$2\n$1')],
    ['a line more', `${text}\nand all your money`],
    ['a line break at its end', `${text}\n`],
    ['a sequence written otherwise', text.replace('sequence: 1', 'sequence: 01')],
    ['a day that is none', text.replace('2026-01-01', '2026-02-30')],
    ['mainnet', text.replace('preprod', 'mainnet')],
    ['an address of nothing', text.replace(first.address, `${first.address.slice(0, -1)}x`)],
    ['an address in upper case', text.replace(first.address, first.address.toUpperCase())],
    ['a first statement with a previous address', text.replace('none', sampleAddress('other'))],
    ['a later statement without one', text.replace('sequence: 1', 'sequence: 2')],
    ['another agent', text.replace(first.agent, 'me')],
    ['another version', text.replace('/1', '/2')],
    ['a carriage return', text.replace('\n', '\r\n')],
    ['a letter that looks alike', text.replace('agent', 'аgent')],
    ['much more than any statement', text.padEnd(1_000_000, ' ')],
  ])('cannot be read with %s', (_, wrong) => {
    expect(() => parsePayoutText(wrong)).toThrow(/Cannot read the payout statement/);
  });

  it('is found in what a person pastes', () => {
    const pasted = `\r\n  ${text.replaceAll('\n', '  \r\n\r\n   ')}\n\n`;
    expect(readPastedPayout(pasted)).toEqual({ statement: first, text });
    expect(() => readPastedPayout(pasted.padEnd(3_000, ' '))).toThrow('want at most 800');
  });
});

describe('a proof that is pasted', () => {
  const made = { signature: '84aa', key: 'a401' };
  it('is one word, or what another wallet gives', () => {
    expect(payoutProofText(made)).toBe('nunet-payout-proof.84aa.a401');
    expect(parsePayoutProof(' nunet-payout-proof.84aa.a401\n')).toEqual(made);
    expect(parsePayoutProof('{"signature":"84aa","key":"a401","more":1}')).toEqual(made);
  });
  test.each([
    '',
    'nunet-payout-proof.',
    'nunet-payout-proof.84aa',
    'nunet-payout-proof.84aa.a401.00',
    'nunet-payout-proof.84aA.a401',
    '{}',
    '[1]',
    '{"signature":"8","key":"a4"}',
    `nunet-payout-proof.${'00'.repeat(3_000)}.a401`,
  ])('cannot be %j', (text) => {
    expect(() => parsePayoutProof(text)).toThrow(/Cannot read the proof: want/);
  });
});
