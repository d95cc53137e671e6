// The journal's reducer: only what follows is taken, and only what was signed for this very lock.
import { bytesToHex } from '@noble/hashes/utils.js';
import { beforeAll, describe, expect, test } from 'vitest';
import * as samples from '../samples.ts';
import { signStatement, type Signed } from '../signature.ts';
import { jobEntry, openedEntry, quotedEntry, readJob, type JobEntry } from './job-record.ts';

const atMs = samples.SAMPLE_TIME_MS;
const agent = samples.sampleSigner('agent');
const jobKey = samples.sampleSigner('job key');
const CHECKPOINT = { name: 'checkpoint-1.tar', cid: samples.sampleSpec.inputs[0]?.cid, bytes: 1 };
const hex = (signed: Signed<unknown>): string => bytesToHex(signed.envelope);
let opened: JobEntry;
let quoted: JobEntry;
let built: JobEntry;
let manifest: JobEntry;
let ack: JobEntry;
let dispute: JobEntry;
let foreignManifest: JobEntry;
const lockState = (state: string): JobEntry => jobEntry.parse({ type: 'lock', atMs, state, detail: '' });
const jobState = (state: string): JobEntry => jobEntry.parse({ type: 'job', atMs, state, detail: '' });

beforeAll(async () => {
  const quote = await signStatement('quote', samples.sampleQuote, agent);
  opened = openedEntry(samples.sampleSpec, samples.sampleRequest, 1_000_000n, atMs);
  quoted = quotedEntry({ agent: { addresses: [] }, quote }, atMs);
  const { txId, index } = samples.sampleLock;
  built = { type: 'lock-built', atMs, cbor: '84', txId, index, feeLovelace: 1n, lockedLovelace: 2n, validUntilMs: 3 };
  const signed = await signStatement('manifest', samples.sampleManifest(quote.cid), agent);
  manifest = { type: 'manifest', atMs, envelope: hex(signed) };
  const other = await signStatement('manifest', samples.sampleManifest(quote.cid, { txId: samples.sampleHash('other'), index: 0 }), agent);
  foreignManifest = { type: 'manifest', atMs, envelope: hex(other) };
  const answers = samples.sampleAnswers(signed.cid);
  ack = { type: 'answer', atMs, kind: 'ack', envelope: hex(await signStatement('ack', answers.ack, jobKey)) };
  dispute = { type: 'answer', atMs, kind: 'dispute', envelope: hex(await signStatement('dispute', answers.dispute, jobKey)) };
});

const toLocked = (): JobEntry[] => [opened, quoted, built, lockState('submitted'), lockState('locked'), jobState('locked')];

test('a journal kept as JSON gives the same record', () => {
  const entries = [...toLocked(), jobState('preparing'), jobState('running'), manifest, jobState('finished'), ack];
  const again = entries.map((entry) =>
    jobEntry.parse(JSON.parse(JSON.stringify(entry, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)))),
  );
  expect(readJob(again)).toEqual(readJob(entries));
  expect(readJob(entries)?.answer?.kind).toBe('ack');
});

describe('cannot take into a journal', () => {
  const refuses = (entries: () => JobEntry[], why: string) => () => expect(() => readJob(entries())).toThrow(why);

  test(
    'anything before the job was opened',
    refuses(() => [quoted], 'does not begin with "opened"'),
  );
  test(
    'a second opening',
    refuses(() => [opened, opened], 'open already'),
  );
  test(
    'a second quote',
    refuses(() => [opened, quoted, quoted], 'the job is quoted'),
  );
  const kept = (number: number): JobEntry => jobEntry.parse({ type: 'checkpoint', atMs, number, takenAtMs: atMs, file: CHECKPOINT });
  test(
    'a checkpoint of a job that is not locked',
    refuses(() => [opened, quoted, kept(1)], 'there is no lock yet'),
  );
  test(
    'a checkpoint that is older than the one that is kept',
    refuses(() => [opened, quoted, built, kept(2), kept(2)], 'number 2 is kept already'),
  );
  test(
    'a second lock',
    refuses(() => [opened, quoted, built, built], 'a quote is locked once'),
  );
  test(
    'a state that does not follow',
    refuses(() => [opened, quoted, jobState('running')], 'the job is quoted and cannot become running'),
  );
  test(
    'a settled lock that was never locked',
    refuses(() => [opened, quoted, built, lockState('refunded')], 'cannot become refunded'),
  );
  test(
    'an end without the transaction that made it',
    refuses(() => [...toLocked(), lockState('withdrawn')], 'lacks transaction'),
  );
  test(
    'a manifest before there is a lock',
    refuses(() => [opened, quoted, manifest], 'there is no lock yet'),
  );
  test(
    'a manifest of another lock',
    refuses(() => [...toLocked(), foreignManifest], 'belongs to another job or lock'),
  );
  test(
    'a second manifest',
    refuses(() => [...toLocked(), manifest, manifest], 'there is a manifest already'),
  );
  test(
    'a second answer, of either kind',
    refuses(() => [...toLocked(), manifest, ack, dispute], 'the answer was ack already'),
  );
  test(
    'an answer to a manifest that is not there',
    refuses(() => [...toLocked(), ack], 'it answers another manifest'),
  );
  test('a request for another spec', () => {
    expect(() => openedEntry({ ...samples.sampleSpec, nonce: 'ff'.repeat(16) }, samples.sampleRequest, 1n, 1)).toThrow('another spec');
  });
});
