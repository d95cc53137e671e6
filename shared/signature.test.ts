// Signatures count only for the statement, network and key that they were made for.
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { cidOf, decode, encode } from './encoding.ts';
import { openEvidence, openQuote } from './evidence.ts';
import { closeBytes, settleBytes, voucherBytes } from './lock.ts';
import { manifest, MAX_MANIFEST_BYTES } from './manifest.ts';
import { keyOfPeerId, peerIdOfKey } from './peer-id.ts';
import { MAX_QUOTE_BYTES, quote } from './quote.ts';
import * as samples from './samples.ts';
import { openStatement, SIGNED_NAMES, signStatement, statementBytes, verifySignature } from './signature.ts';

const agent = samples.sampleSigner('agent');
const signedQuote = await signStatement('quote', samples.sampleQuote, agent);
const context = { quote: signedQuote, lock: samples.sampleLock };

describe('domain separation', () => {
  test('cannot use a signature of one statement for another, or for another network', async () => {
    const networks = ['devnet', 'preview', 'preprod'] as const;
    const places = SIGNED_NAMES.flatMap((name) => networks.map((network) => ({ name, network })));
    const texts = places.map(({ name, network }) => bytesToHex(statementBytes(name, network, signedQuote.cid)));
    expect(new Set(texts).size).toBe(places.length);
    for (const [index, made] of places.entries()) {
      const used = places[(index + 1) % places.length]!;
      const signature = await agent.sign(statementBytes(made.name, made.network, signedQuote.cid));
      expect(verifySignature(signature, statementBytes(made.name, made.network, signedQuote.cid), agent.publicKey)).toBe(true);
      expect(verifySignature(signature, statementBytes(used.name, used.network, signedQuote.cid), agent.publicKey)).toBe(false);
    }
  });

  test('cannot mistake an off-chain statement for bytes that the chain reads, or the other way round', () => {
    const onChain = [settleBytes(samples.sampleLock, 1n), closeBytes(samples.sampleLock, 1n), voucherBytes(samples.sampleLock, 1n)].map(
      (bytes) => new TextDecoder('latin1').decode(bytes.subarray(0, 16)),
    );
    expect(new Set(onChain).size).toBe(3);
    for (const name of SIGNED_NAMES) {
      const off = new TextDecoder('latin1').decode(statementBytes(name, 'devnet', signedQuote.cid).subarray(0, 16));
      expect(onChain).not.toContain(off);
    }
  });

  test('cannot move a settle signature to another pay, output or transaction', async () => {
    const oracle = samples.sampleOracles[0]!;
    const signature = await oracle.sign(settleBytes(samples.sampleLock, 5n));
    const other = { txId: samples.sampleHash('other'), index: 1 };
    expect(verifySignature(signature, settleBytes(samples.sampleLock, 5n), oracle.publicKey)).toBe(true);
    for (const bytes of [
      settleBytes(samples.sampleLock, 6n),
      settleBytes({ ...samples.sampleLock, index: 2 }, 5n),
      settleBytes(other, 5n),
    ]) {
      expect(verifySignature(signature, bytes, oracle.publicKey)).toBe(false);
    }
  });

  test('cannot sign a pay outside of what the validator reads', () => {
    expect(() => settleBytes(samples.sampleLock, -1n)).toThrow(RangeError);
    expect(() => settleBytes(samples.sampleLock, 1n << 63n)).toThrow(RangeError);
  });
});

describe('a signature', () => {
  test('cannot be made by anybody else', async () => {
    const forged = await signStatement('quote', samples.sampleQuote, samples.sampleSigner('thief'));
    expect(() => openQuote(forged.envelope, 'devnet')).toThrow('its signature is not of the key that must sign it');
  });

  test('cannot be carried over to another body', async () => {
    const { signature } = decodeEnvelope(signedQuote.envelope);
    const body = encode({ ...samples.sampleQuote, amountBaseUnits: samples.sampleQuote.amountBaseUnits + 1n });
    expect(() => openQuote(encode({ body, signature }), 'devnet')).toThrow('its signature is not of the key that must sign it');
  });

  test('cannot be altered in any bit', () => {
    const { signature } = decodeEnvelope(signedQuote.envelope);
    const bytes = statementBytes('quote', 'devnet', signedQuote.cid);
    fc.assert(
      fc.property(fc.nat(511), (bit) => {
        const changed = signature.slice();
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        return !verifySignature(changed, bytes, agent.publicKey);
      }),
    );
  });

  test('cannot be made for every message by a key of small order', () => {
    // The neutral element as key and R, S = 0: accepted by lenient (ZIP215) rules, refused by the ledger and here.
    const neutral = `01${'00'.repeat(31)}`;
    expect(verifySignature(hexToBytes(neutral + '00'.repeat(32)), Uint8Array.of(1, 2, 3), neutral)).toBe(false);
  });

  test('never throws on keys and signatures of any length', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.string({ maxLength: 80 }), (signature, key) => {
        expect(verifySignature(signature, Uint8Array.of(1), key)).toBe(false);
      }),
    );
  });

  test('cannot be used on another network', async () => {
    const preview = await signStatement('quote', { ...samples.sampleQuote, network: 'preview' }, agent);
    expect(() => openQuote(preview.envelope, 'devnet')).toThrow('it is for preview, this is devnet');
  });
});

describe('evidence', () => {
  test('cannot replay a manifest of another lock', async () => {
    const other = { txId: samples.sampleHash('other lock'), index: 1 };
    const signed = await signStatement('manifest', samples.sampleManifest(signedQuote.cid, other), agent);
    expect(() => openEvidence('manifest', signed.envelope, context)).toThrow('it belongs to another job or lock');
    const twin = await signStatement('manifest', samples.sampleManifest(signedQuote.cid), agent);
    expect(openEvidence('manifest', twin.envelope, context).cid).toBe(twin.cid);
  });

  test('cannot bring a manifest made for another quote', async () => {
    const signed = await signStatement('manifest', samples.sampleManifest(cidOf(encode('other'))), agent);
    expect(() => openEvidence('manifest', signed.envelope, context)).toThrow('it belongs to another job or lock');
  });

  test('cannot acknowledge with the agent’s key, or answer for the agent with the job key', async () => {
    const manifestSigned = await signStatement('manifest', samples.sampleManifest(signedQuote.cid), agent);
    const { ack } = samples.sampleAnswers(manifestSigned.cid);
    const byAgent = await signStatement('ack', ack, agent);
    expect(() => openEvidence('ack', byAgent.envelope, context)).toThrow('its signature is not of the key that must sign it');
    const byJobKey = await signStatement('ack', ack, samples.sampleSigner('job key'));
    expect(openEvidence('ack', byJobKey.envelope, context).body).toEqual(ack);
    const manifestByJobKey = await signStatement('manifest', samples.sampleManifest(signedQuote.cid), samples.sampleSigner('job key'));
    expect(() => openEvidence('manifest', manifestByJobKey.envelope, context)).toThrow('its signature is not of the key that must sign it');
  });

  test('cannot pass a dispute off as an acknowledgement', async () => {
    const { dispute } = samples.sampleAnswers(cidOf(encode('manifest')));
    const signed = await signStatement('dispute', dispute, samples.sampleSigner('job key'));
    expect(() => openEvidence('ack', signed.envelope, context)).toThrow();
  });
});

describe('peer ids', () => {
  test('are their keys, both ways', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const key = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
        expect(keyOfPeerId(peerIdOfKey(key))).toBe(key);
      }),
    );
  });

  test('cannot be anything else', () => {
    for (const text of ['', 'x', '12D3KooW', 'QmYwAPJzv5CZsnA625s3Xf2nemtYgPpHdWEz79ojWnPbdG', '0'.repeat(60)]) {
      expect(() => keyOfPeerId(text)).toThrow('Cannot read peer id');
    }
  });
});

test('a statement opens with the CID of its body', () => {
  const opened = openStatement('quote', quote, signedQuote.envelope, {
    network: 'devnet',
    maxBytes: MAX_QUOTE_BYTES,
    keyOf: () => agent.publicKey,
  });
  expect(opened.cid).toBe(cidOf(encode(samples.sampleQuote)));
  expect(() => decode(manifest, decodeEnvelope(signedQuote.envelope).body, { name: 'manifest', maxBytes: MAX_MANIFEST_BYTES })).toThrow(
    'Cannot read manifest',
  );
});

function decodeEnvelope(envelope: Uint8Array): { body: Uint8Array; signature: Uint8Array } {
  // Two byte strings in a map of fixed keys: signature is the last 64 bytes but for the key order of dag-cbor (shorter first).
  const bodyLength = encode(samples.sampleQuote).length;
  const body = envelope.slice(envelope.length - 64 - 'signature'.length - 3 - bodyLength, envelope.length - 64 - 'signature'.length - 3);
  return { body, signature: envelope.slice(-64) };
}
