// Golden bytes of what goes on chain. They are frozen: a change here is a change of the protocol.
import { bytesToHex } from '@noble/hashes/utils.js';
import { describe, expect, test } from 'vitest';
import { closeBytes, settleBytes, voucherBytes } from '@nunet/shared/lock.ts';
import { addressParts } from './address.ts';
import { decodeDatum, encodeDatum } from './datum.ts';
import { batchRedeemer, payoutTag, RECLAIM_REDEEMER, SETTLE } from './redeemer.ts';
import { exampleDatum } from './vectors/example.ts';
import datumVectors from './vectors/datum.json' with { type: 'json' };
import redeemerVectors from './vectors/redeemer.json' with { type: 'json' };
import signedVectors from './vectors/signed-bytes.json' with { type: 'json' };
import tagVectors from './vectors/tag.json' with { type: 'json' };

describe('golden vectors', () => {
  test('datum', () => {
    expect(datumVectors.fields).toEqual({ ...exampleDatum, settleLovelace: exampleDatum.settleLovelace.toString() });
    expect(encodeDatum(exampleDatum)).toBe(datumVectors.cbor);
    expect(decodeDatum(datumVectors.cbor)).toEqual(exampleDatum);
    expect(decodeDatum(datumVectors.indefinite), "as Haskell's serialiser writes it").toEqual(exampleDatum);
    expect(addressParts(exampleDatum.serviceProvider)).toEqual(datumVectors.serviceProviderCredentials);
  });

  test.each(signedVectors)('signed bytes: $kind of $paid', ({ kind, txId, index, paid, keyHash, bytes }) => {
    const reference = { txId, index };
    const made = {
      settle: () => settleBytes(reference, BigInt(paid)),
      close: () => closeBytes(reference, BigInt(paid)),
      voucher: () => voucherBytes(reference, BigInt(paid), keyHash),
    }[kind];
    expect(made).toBeDefined();
    expect(bytesToHex(made!())).toBe(bytes);
  });

  test.each(tagVectors)('tag over $locks.length locks', ({ locks, tag }) => {
    expect(payoutTag(locks)).toBe(tag);
  });

  test('redeemers', () => {
    expect(RECLAIM_REDEEMER).toBe(redeemerVectors.reclaim);
    expect(batchRedeemer(SETTLE, [])).toBe(redeemerVectors.followingLock);
    for (const { settlements, cbor } of redeemerVectors.settle) {
      const attested = settlements.map((one) => ({ ...one, kind: 'attested' as const, paid: BigInt(one.paid) }));
      expect(batchRedeemer(SETTLE, attested)).toBe(cbor);
    }
  });
});
