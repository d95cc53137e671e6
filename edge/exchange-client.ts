// The asking side of an exchange between oracles, over HTTP.
import { signedRequest, type SignedFetch } from '@nunet/shared/oracle-client.ts';
import { encodeExchange, MAX_EXCHANGE_BYTES, openExchange } from './exchange.ts';
import type { OraclePorts } from './ports.ts';

/** Signed with the oracle key: its peer id is what the other oracle knows this one by. */
export const exchangeOver =
  (io: SignedFetch): OraclePorts['exchange'] =>
  async (url, message, signal) =>
    openExchange(
      await signedRequest(
        io,
        {
          method: 'POST',
          url: `${url.replace(/\/+$/, '')}/v1/exchange`,
          body: encodeExchange(message),
          maxResponseBytes: MAX_EXCHANGE_BYTES,
        },
        signal,
      ),
    );
