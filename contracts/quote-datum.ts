// The datum that a quote asks for.
import { hashOfCid } from '@nunet/shared/encoding.ts';
import type { EscrowDatum } from '@nunet/shared/lock.ts';
import type { Quote } from '@nunet/shared/quote.ts';
import type { Signed } from '@nunet/shared/signature.ts';

export const datumOf = (quote: Signed<Quote>): EscrowDatum => {
  const { serviceProvider, computeProvider, voucherKey, closeKey, oracleKeys, k, asset, reclaimAfter, settleLovelace } = quote.body;
  return {
    serviceProvider: serviceProvider.address,
    computeProvider: computeProvider.address,
    voucherKey,
    closeKey,
    oracleKeys,
    k,
    asset,
    reclaimAfter,
    settleLovelace,
    quoteHash: hashOfCid(quote.cid),
  };
};
