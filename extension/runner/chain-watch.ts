// The chain as the pages see it: its tip, the wallet's balance, and whether the source answers. Every call that the jobs make tells too.
import type { Source } from '@nunet/contracts/chain/chain.ts';
import { balanceOf, type Balance } from '@nunet/contracts/holdings.ts';
import { safeError } from '@nunet/shared/errors.ts';
import type { AssetId } from '@nunet/shared/fields.ts';
import type { Clock } from '@nunet/shared/job-flow/ports.ts';
import type { AppState } from '../messages.ts';

const POLL_MS = 1_500;
/** For one look; a source that hangs is one that fails. */
const LOOK_LIMIT_MS = 8_000;

type Look = AppState['chain'];

export interface ChainWatch {
  /** The same chain; what its calls come to is noted. */
  readonly chain: Source;
  state(): Look;
  /** Null until it was read. */
  balance(): Balance | null;
  /** Reads tip and balance now. */
  look(): Promise<void>;
}

/** Looks until the signal aborts. */
export function watchChain(parts: {
  chain: Source;
  address: string;
  asset: AssetId;
  clock: Clock;
  signal: AbortSignal;
  onChange: () => void;
}): ChainWatch {
  const { clock, signal } = parts;
  let state: Look = { tipTimeMs: null, seenAtMs: null, error: null };
  let balance: Balance | null = null;

  const noted = async <T>(call: Promise<T>): Promise<T> => {
    try {
      const value = await call;
      state = { ...state, seenAtMs: clock.now(), error: null };
      return value;
    } catch (error) {
      const { code, message } = safeError(error);
      if (code === 'chain-unavailable' && !signal.aborted) {
        state = { ...state, error: { code, message } };
        parts.onChange();
      }
      throw error;
    }
  };
  const from = parts.chain;
  const chain: Source = {
    slotConfig: from.slotConfig,
    utxos: (address, options) => noted(from.utxos(address, options)),
    output: (reference, within) => noted(from.output(reference, within)),
    parameters: (within) => noted(from.parameters(within)),
    tip: async (within) => {
      const tip = await noted(from.tip(within));
      if (tip.timeMs !== state.tipTimeMs) {
        state = { ...state, tipTimeMs: tip.timeMs };
        parts.onChange();
      }
      return tip;
    },
    transaction: (txId, within) => noted(from.transaction(txId, within)),
    rawTransaction: (txId, within) => noted(from.rawTransaction(txId, within)),
    history: (address, options) => noted(from.history(address, options)),
    scriptUtxos: (scriptHash, within) => noted(from.scriptUtxos(scriptHash, within)),
    submit: (cbor, within) => noted(from.submit(cbor, within)),
    evaluate: (cbor, within) => noted(from.evaluate(cbor, within)),
  };

  const look = async (): Promise<void> => {
    const within = AbortSignal.any([signal, AbortSignal.timeout(LOOK_LIMIT_MS)]);
    try {
      const [, utxos] = await Promise.all([chain.tip(within), chain.utxos(parts.address, { signal: within })]);
      balance = balanceOf(utxos, parts.asset);
    } catch (error) {
      if (signal.aborted) return;
      // A look that ran out of time is a source that does not answer.
      const { code, message } = safeError(error);
      const told =
        code === 'aborted'
          ? { code: 'chain-unavailable', message: 'Cannot read the chain: the source does not answer' }
          : { code, message };
      state = { ...state, error: told };
    }
    parts.onChange();
  };
  const watch = async (): Promise<void> => {
    for (;;) {
      await look();
      await clock.sleep(POLL_MS, signal);
    }
  };
  // Its one end is the signal's abort.
  watch().catch(() => undefined);
  return { chain, state: () => state, balance: () => balance, look };
}
