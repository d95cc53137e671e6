// A sealed job over real libp2p with a fake chain and executor: what the agent serves, whom it gives its key to, and when.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bytesToHex } from '@noble/hashes/utils.js';
import { agreementProblem } from '@nunet/shared/agreement.ts';
import { openEvidence } from '@nunet/shared/evidence.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';
import { cutFile } from '@nunet/shared/file-dag.ts';
import { NO_KEY_HASH, voucherBytes } from '@nunet/shared/lock.ts';
import type { Manifest } from '@nunet/shared/manifest.ts';
import { request } from '@nunet/shared/peer-client.ts';
import type { Quote } from '@nunet/shared/quote.ts';
import { deliveryProblem, sealedFiles } from '@nunet/shared/sealed/manifest-delivery.ts';
import { opensManifest, type SealedKey } from '@nunet/shared/sealed/sealed-key.ts';
import type { Signed } from '@nunet/shared/signature.ts';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWorld, type World } from './agent-fixtures.ts';
import { openBlobStore, type BlobStore } from './blobs.ts';
import { fetchFile } from './network/blocks.ts';
import { openInto } from './opening.ts';

const OUTPUT = new Uint8Array(300_000).map((_, i) => (i * 11 + (i >> 8)) & 255);
let world: World;
let folder: string;
let store: BlobStore;
beforeEach(async () => {
  world = await openWorld({ delivery: 'sealed' });
  world.script = { steps: [{ do: 'output', name: 'out.npy', bytes: OUTPUT }] };
  folder = await mkdtemp(join(tmpdir(), 'sealed-'));
  store = await openBlobStore({ root: join(folder, 'blobs'), maxBytes: 2 ** 22 });
});
afterEach(async () => {
  await world.close();
  await store.close();
  await rm(folder, { recursive: true, force: true });
});

const soon = (): AbortSignal => AbortSignal.timeout(20_000);
const target = () => ({ peerId: world.agent.peerId, addresses: world.agent.addresses() });

async function delivered(): Promise<{ quote: Signed<Quote>; lock: OutputReference; manifest: Signed<Manifest> }> {
  const quote = await world.client.goodQuote();
  const lock = world.chain.lock(quote);
  await world.client.run(quote, lock);
  const events = await world.whileBlocksCome(world.client.toEnd(quote.body.jobId));
  const envelope = events.find((event) => event.type === 'manifest')?.envelope;
  if (envelope === undefined) throw new Error('no manifest');
  return { quote, lock, manifest: openEvidence('manifest', envelope, { quote, lock }) as Signed<Manifest> };
}

const fetched = ({ cid, bytes }: { cid: string; bytes: number }, jobId: string) =>
  fetchFile({ node: world.client.node, peer: target(), jobId, cid, expectedBytes: bytes, store, signal: soon() });

/** The statement of K that an oracle was given. */
function keyAt(oracle: World['oracles'][number], quote: Signed<Quote>, lock: OutputReference): SealedKey | undefined {
  const item = oracle.bundles.flatMap(({ items }) => items).find(({ kind }) => kind === 'sealed-key');
  return item === undefined ? undefined : (openEvidence('sealed-key', item.envelope, { quote, lock }).body as SealedKey);
}
const until = async (says: () => boolean): Promise<void> => {
  while (!says()) await new Promise((resolve) => setTimeout(resolve, 10));
};

describe('an agent that delivers sealed', () => {
  it('serves ciphertext and commitments that its manifest names, and no readable block', async () => {
    const { manifest, quote } = await delivered();
    expect(deliveryProblem(manifest.body)).toBeNull();
    for (const file of sealedFiles(manifest.body)) await fetched(file, quote.body.jobId);
    const plain = cutFile(OUTPUT);
    await expect(fetched({ cid: plain.cid, bytes: OUTPUT.length }, quote.body.jobId)).rejects.toMatchObject({ code: 'block-unavailable' });
  });

  it('cannot keep its key and be paid for silence: from finishBy on the oracles have it, and what they have opens the outputs', async () => {
    const { manifest, quote, lock } = await delivered();
    for (const file of sealedFiles(manifest.body)) await fetched(file, quote.body.jobId);
    await until(() => world.oracles.every((oracle) => oracle.kinds().includes('manifest')));
    expect(world.oracles.some((oracle) => oracle.kinds().includes('sealed-key'))).toBe(false);
    world.chain.makeBlock(quote.body.finishBy + 1 - world.chain.timeMs);
    await until(() => world.oracles.every((oracle) => oracle.kinds().includes('sealed-key')));
    const key = keyAt(world.oracles[0] as World['oracles'][number], quote, lock);
    if (key === undefined) throw new Error('no key');
    expect(opensManifest(key, manifest)).toBe(true);
    const opening = await openInto(join(folder, 'opened'), store, manifest.body, key.key, soon());
    expect(opening.type).toBe('opened');
    expect((await readFile(join(folder, 'opened', 'out.npy'))).equals(OUTPUT)).toBe(true);
  });

  it('hands what both sides signed to every oracle, with the key, also to one that slept, and after a restart', async () => {
    const [sleeper] = world.oracles;
    if (sleeper !== undefined) sleeper.awake = false;
    const { manifest, quote, lock } = await delivered();
    const { payBaseUnits, delivery } = manifest.body;
    const signature = bytesToHex(await world.client.voucher.sign(voucherBytes(lock, payBaseUnits, delivery.keyHash)));
    const voucher = { jobId: quote.body.jobId, paidBaseUnits: payBaseUnits, keyHash: delivery.keyHash, signature, final: true };
    expect(await request(world.client.node, target(), 'voucher', voucher, soon())).toMatchObject({ type: 'closed' });
    await until(() => world.oracles.every(({ agreements, awake }) => !awake || agreements.length > 0));
    await world.restart();
    if (sleeper !== undefined) sleeper.awake = true;
    await world.whileBlocksCome(until(() => world.oracles.every(({ agreements }) => agreements.length > 0)));
    for (const { agreements } of world.oracles) {
      for (const { agreement } of agreements) {
        const { voucherKey, closeKey, amountBaseUnits } = quote.body;
        expect(agreementProblem(agreement, { reference: lock, datum: { voucherKey, closeKey }, amountBaseUnits })).toBeNull();
        expect(agreement.secret).not.toBeNull();
      }
    }
    // Nothing is late that both sides have ended, and nothing else is left to decide by.
    expect(sleeper?.kinds()).toEqual([]);
    world.chain.makeBlock(quote.body.finishBy + 1 - world.chain.timeMs);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(world.oracles.some((oracle) => oracle.kinds().includes('sealed-key'))).toBe(false);
  });

  it('delivers nothing and commits to nothing where the job failed', async () => {
    world.script = { steps: [{ do: 'fail', exit: { kind: 'jobFault', code: 'nan', message: 'loss is NaN' } }] };
    const { manifest } = await delivered();
    expect(manifest.body.delivery).toMatchObject({ kind: 'sealed', keyHash: NO_KEY_HASH, plaintextRoot: NO_KEY_HASH });
    expect(deliveryProblem(manifest.body)).toBeNull();
  });

  it('refuses a job whose disk does not hold its outputs twice', async () => {
    const answer = await world.client.quote({ outputLimitBytes: 2 ** 23 });
    expect(answer.type === 'refusal' && answer.refusal.body.reasons.map(({ code }) => code)).toEqual(['disk-too-small']);
  });
});
