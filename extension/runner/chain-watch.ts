// The chain as the pages see it: its tip, what the account holds, and whether the source answers. Every call that the jobs make tells too.
import type { Source, Utxo } from '@nunet/contracts/chain/chain.ts';
import { safeError } from '@nunet/shared/errors.ts';
import type { Network } from '@nunet/shared/fields.ts';
import type { Clock } from '@nunet/shared/job-flow/ports.ts';
import type { AppState } from '../messages.ts';

/** Between two looks. A block of a public network takes 20 s, and its sources count requests: two a look. */
const POLL_MS: Readonly<Record<Network, number>> = { devnet: 1_500, preview: 15_000, preprod: 15_000 };
/** For one look; a source that hangs is one that fails. A wallet of many outputs is several pages. */
const LOOK_LIMIT_MS: Readonly<Record<Network, number>> = { devnet: 8_000, preview: 30_000, preprod: 30_000 };

type Look = AppState['chain'];

export interface ChainWatch {
  /** The same chain; what its calls come to is noted. */
  readonly chain: Source;
  state(): Look;
  /** From now on reads what this address holds, and of no other; null: of none. The answer gives what was read last, null before that. */
  follow(address: string | null): () => readonly Utxo[] | null;
  /** Reads tip and address now. */
  look(): Promise<void>;
}

/** Looks until the signal aborts. */
export function watchChain(parts: {
  chain: Source;
  network: Network;
  clock: Clock;
  signal: AbortSignal;
  onChange: () => void;
}): ChainWatch {
  const { clock, network, signal } = parts;
  let state: Look = { tipTimeMs: null, seenAtMs: null, error: null };
  let followed: { address: string; utxos: readonly Utxo[] | null } | null = null;

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
    ...(from.networkMagic === undefined ? {} : { networkMagic: from.networkMagic }),
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
    const within = AbortSignal.any([signal, AbortSignal.timeout(LOOK_LIMIT_MS[network])]);
    const mine = followed;
    try {
      const [, utxos] = await Promise.all([chain.tip(within), mine === null ? null : chain.utxos(mine.address, { signal: within })]);
      if (mine !== null) mine.utxos = utxos;
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
      await clock.sleep(POLL_MS[network], signal);
    }
  };
  // Its one end is the signal's abort.
  watch().catch(() => undefined);
  return {
    chain,
    state: () => state,
    follow(address) {
      if (address === null) {
        followed = null;
        return () => null;
      }
      const mine = { address, utxos: null as readonly Utxo[] | null };
      followed = mine;
      void look();
      return () => mine.utxos;
    },
    look,
  };
}
