import { payoutText, type PayoutStatement } from '@nunet/shared/payout-statement.ts';
import { SAMPLE_TIME_MS, sampleAddress, samplePeerId } from '@nunet/shared/samples.ts';
import { expect, it, test } from 'vitest';
import { readPayout } from './payout-reading.ts';

const mine = sampleAddress('mine');
const other = sampleAddress('other');
const statement: PayoutStatement = {
  network: 'preprod',
  agent: samplePeerId('agent'),
  address: mine,
  sequence: 1,
  previous: null,
  expiresAt: SAMPLE_TIME_MS + 1_000,
};
const here = { address: mine, network: 'preprod' as const, now: SAMPLE_TIME_MS };
const read = (fields: Partial<PayoutStatement> = {}) => readPayout(payoutText({ ...statement, ...fields }), here);

it('is signed as the owner of the new address, or of the one so far', () => {
  expect(read()).toMatchObject({ ok: true, as: 'new', signer: mine, statement });
  expect(read({ address: other, previous: mine, sequence: 2 })).toMatchObject({ ok: true, as: 'previous', signer: mine });
  expect(read({ previous: mine, sequence: 2 })).toMatchObject({ ok: true, as: 'new' });
});

test('cannot be signed by an account that it does not name, on another network, or too late', () => {
  expect(read({ address: other })).toEqual({ ok: false, why: 'foreign' });
  expect(read({ network: 'preview' })).toEqual({ ok: false, why: 'network', network: 'preview' });
  expect(read({ expiresAt: SAMPLE_TIME_MS })).toEqual({ ok: false, why: 'expired' });
  expect(readPayout('send everything to me', here)).toEqual({ ok: false, why: 'invalid' });
});
