// A network record may grow at its front; it can never forget where money lies.
import { describe, expect, test } from 'vitest';
import { addRecordSignature, inspectNetworkRecord, openNetworkRecord, signNetworkRecord, type NetworkRecord } from './network-record.ts';
import { recordSuccession, withEscrow } from './record-succession.ts';
import * as samples from './samples.ts';

const first = samples.sampleRecord;
const NEWER = { scriptHash: 'aa'.repeat(28), referenceScript: { txId: 'bb'.repeat(32), index: 0 } };
const next = (change: Partial<NetworkRecord> = {}): NetworkRecord => ({
  ...first,
  sequence: first.sequence + 1,
  escrows: withEscrow(first.escrows, NEWER),
  ...change,
});

test('a newer escrow goes to the front; one that is known only learns where it is parked', () => {
  expect(next().escrows).toEqual([NEWER, ...first.escrows]);
  const moved = { ...NEWER, referenceScript: { txId: 'cc'.repeat(32), index: 1 } };
  expect(withEscrow(next().escrows, moved)).toEqual([moved, ...first.escrows]);
  expect(recordSuccession(first, next())).toEqual({ problems: [], changes: [`escrow ${NEWER.scriptHash} is new`] });
});

test('every difference is told', () => {
  const { problems, changes } = recordSuccession(
    first,
    next({
      k: 1,
      hubs: [],
      revokedPeers: [...first.revokedPeers, samples.samplePeerId('late')],
      oracles: first.oracles.map((oracle, index) => (index === 0 ? { ...oracle, url: 'https://oracle.example/' } : oracle)),
      settleLovelace: 2_500_000n,
      disputeWindowMs: 6_000,
      confirmations: [{ upTo: 1n, blocks: 1 }],
    }),
  );
  expect(problems).toEqual([]);
  expect(changes.map((line) => line.split(' ')[0])).toEqual([
    'escrow',
    'oracle',
    'oracle',
    'hub',
    'revoked',
    'k',
    'disputeWindowMs',
    'settleLovelace',
    'the',
  ]);
});

describe('cannot follow without a complaint', () => {
  test.each<[string, Partial<NetworkRecord>, string]>([
    ['a record that forgets an escrow', { escrows: [NEWER] }, 'is gone; what is locked there could not be found again'],
    ['a record that puts a new escrow behind the old', { escrows: [...first.escrows, NEWER] }, 'changed places'],
    ['a record that names an escrow twice', { escrows: [NEWER, NEWER, ...first.escrows] }, 'twice'],
    [
      'a record that forgets where a script is parked',
      { escrows: first.escrows.map((escrow) => ({ ...escrow, referenceScript: null })) },
      'lies at nowhere',
    ],
    ['a record of the same sequence', { sequence: first.sequence }, 'is not above'],
    ['a record for another network', { network: 'preprod' }, 'it is for preprod'],
    ['a record with another asset', { asset: { ...first.asset, assetName: 'ff' } }, 'another asset'],
    ['a record that is older than the one before', { issuedAt: first.issuedAt - 1 }, 'was issued before'],
  ])('%s', (_, change, why) => {
    expect(recordSuccession(first, next(change)).problems).toEqual([expect.stringContaining(why)]);
  });
});

describe('signatures gathered one by one', () => {
  const [a, b] = ['signer a', 'signer b'].map(samples.sampleSigner);
  const keys = [a!.publicKey, b!.publicKey];

  test('make the record that signing at once makes', async () => {
    const draft = await signNetworkRecord(first, []);
    expect(inspectNetworkRecord(draft)).toMatchObject({ record: first, signedBy: [], forged: [] });
    const signed = await addRecordSignature(await addRecordSignature(await addRecordSignature(draft, a!), b!), b!);
    expect(signed).toEqual(await signNetworkRecord(first, [a!, b!]));
    expect(inspectNetworkRecord(signed).signedBy).toEqual(keys);
    const opened = openNetworkRecord(signed, { network: 'devnet', pinned: { keys, threshold: 2 }, now: first.issuedAt, lastSequence: 0 });
    expect(opened).toEqual(first);
  });

  test('cannot be counted when they are over another record', async () => {
    const signed = await signNetworkRecord(first, [a!]);
    const other = await signNetworkRecord({ ...first, sequence: 9 }, []);
    const liar = { publicKey: a!.publicKey, sign: () => new Uint8Array(64) };
    expect(inspectNetworkRecord(await addRecordSignature(other, liar))).toMatchObject({ signedBy: [], forged: [a!.publicKey] });
    expect(inspectNetworkRecord(signed)).toMatchObject({ signedBy: [a!.publicKey], forged: [] });
  });
});
