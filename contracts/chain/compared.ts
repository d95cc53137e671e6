// A chain over two sources: what moves more than an amount counts only as far as both say so, so that one that lies or lags alone decides nothing.
import { NunetError } from '@nunet/shared/errors.ts';
import { referenceText, type AssetId } from '@nunet/shared/fields.ts';
import type { AssetQuantity, OutputState, ProtocolParameters, Source, TransactionStatus } from './chain.ts';
import { unavailable } from './source-request.ts';
import type { Transaction } from './transaction.ts';

/** What one source said, and where its tip was before it said it. */
export interface Said<Thing> {
  name: string;
  height: number;
  thing: Thing;
}

export interface SeenOutput extends OutputState {
  /** Blocks of the transactions that made it and spent it; null: in none. */
  madeAt: number | null;
  spentAt: number | null;
}

const disagreement = (what: string, ...said: [string, string][]): NunetError<'chain-disagrees'> =>
  new NunetError(
    'chain-disagrees',
    `Cannot trust the chain about ${what}: ${said.map(([name, text]) => `${name} says ${text}`).join(', ')}. It is asked again; if this stays, one of the sources is wrong`,
  );

const plain = (value: unknown): string => JSON.stringify(value, (_key, part: unknown) => (typeof part === 'bigint' ? `${part}n` : part));

/** A source whose tip lies before the block that it lacks is only behind: the other waits for it. */
const isBehind = (said: Said<unknown>, height: number): boolean => said.height < height;

const statusText = (status: TransactionStatus): string =>
  status.state === 'confirmed' ? `block ${status.blockHeight} in slot ${status.slot}` : status.state;

/** Pure. The older view where one is behind. Throws `chain-disagrees`. */
export function agreedStatus(txId: string, one: Said<TransactionStatus>, two: Said<TransactionStatus>): TransactionStatus {
  const [a, b] = [one.thing, two.thing];
  if (a.state !== 'confirmed' && b.state !== 'confirmed') return a;
  if (a.state === 'confirmed' && b.state !== 'confirmed' && isBehind(two, a.blockHeight)) return b;
  if (b.state === 'confirmed' && a.state !== 'confirmed' && isBehind(one, b.blockHeight)) return a;
  if (a.state === 'confirmed' && b.state === 'confirmed' && a.blockHeight === b.blockHeight && a.slot === b.slot)
    return a.confirmations <= b.confirmations ? a : b;
  throw disagreement(`transaction ${txId}`, [one.name, statusText(a)], [two.name, statusText(b)]);
}

const outputText = (seen: SeenOutput | null): string =>
  seen === null ? 'no such output' : seen.spentBy === null ? `unspent, ${plain(seen.utxo).slice(0, 600)}` : `spent by ${seen.spentBy}`;

/** Pure. The older view where one is behind. Throws `chain-disagrees`. */
export function agreedOutput(name: string, one: Said<SeenOutput | null>, two: Said<SeenOutput | null>): SeenOutput | null {
  const [a, b] = [one.thing, two.thing];
  const differ = (): NunetError => disagreement(`output ${name}`, [one.name, outputText(a)], [two.name, outputText(b)]);
  if (a === null || b === null) {
    const [lacking, seen] = a === null ? [one, b] : [two, a];
    if (seen === null || (seen.madeAt !== null && isBehind(lacking, seen.madeAt))) return null;
    throw differ();
  }
  if (plain(a.utxo) !== plain(b.utxo)) throw differ();
  if (a.spentBy === b.spentBy) return a;
  const [unspent, spent] = a.spentBy === null ? [one, b] : [two, a];
  if (unspent.thing?.spentBy === null && spent.spentAt !== null && isBehind(unspent, spent.spentAt)) return unspent.thing;
  throw differ();
}

/** Pure. Throws `chain-disagrees`, also in the minutes of a new epoch that only one has seen and that changed something. */
export function agreedParameters(one: Said<ProtocolParameters>, two: Said<ProtocolParameters>): ProtocolParameters {
  const different = (Object.keys(one.thing) as (keyof ProtocolParameters)[]).filter(
    (key) => key !== 'epoch' && plain(one.thing[key]) !== plain(two.thing[key]),
  );
  if (different.length === 0) return one.thing.epoch <= two.thing.epoch ? one.thing : two.thing;
  const text = ({ thing }: Said<ProtocolParameters>): string =>
    `epoch ${thing.epoch}: ${different.map((key) => `${key} ${plain(thing[key]).slice(0, 60)}`).join(' ')}`;
  throw disagreement('the protocol parameters', [one.name, text(one)], [two.name, text(two)]);
}

/** What a transaction's id does not cover: whether its scripts passed, and what they were given. */
const verdictOf = ({ isValid, redeemers }: Transaction): string =>
  plain([isValid, redeemers.map(({ tag, index, data }) => [tag, index, data])]);

export interface ComparedOptions {
  first: { name: string; source: Source };
  /** Opened when it is first needed, so that small amounts go on while it is down. */
  second: { name: string; open: () => Promise<Source> };
  asset: AssetId;
  /** Base units of the asset; what moves more is asked of both. */
  aboveBaseUnits: bigint;
}

const isUnavailable = (error: unknown): boolean => error instanceof NunetError && error.code === 'chain-unavailable';

/**
 * Compared are: what an output holds and who spent it, where a transaction is, what its scripts were given, and the protocol
 * parameters. What the first source does not know at all is asked of both, since its amount is not known either. The tip, the
 * outputs of an address and evaluations come from the first: they can delay or make the ledger refuse, and decide no pay.
 * Submitted is to both, so that neither can keep a transaction back.
 *
 * While the second source does not answer, nothing above the amount counts as there or as spent. That something is not there
 * is then the first one's word, and parameters count that both have agreed on before: else no small lock could be made either,
 * and neither of them moves money to anybody.
 */
export function comparedChain({ first, second, asset, aboveBaseUnits }: ComparedOptions): Source {
  let opening: Promise<Source> | undefined;
  const secondSource = (): Promise<Source> => {
    opening ??= second.open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return opening;
  };
  /** Both views; in each the tip is read before the thing, so that a source that lacks it was not just too slow to tell. */
  const both = <Thing>(read: (source: Source) => Promise<Thing>, signal: AbortSignal | undefined): Promise<[Said<Thing>, Said<Thing>]> => {
    const said = async (name: string, source: Source): Promise<Said<Thing>> => {
      const { height } = await source.tip(signal);
      return { name, height, thing: await read(source) };
    };
    return Promise.all([said(first.name, first.source), secondSource().then((source) => said(second.name, source))]);
  };

  /** `alone` while the second source does not answer. */
  const unlessDown = async <Thing>(alone: Thing, agreed: () => Promise<Thing>): Promise<Thing> => {
    try {
      return await agreed();
    } catch (error) {
      if (isUnavailable(error)) return alone;
      throw error;
    }
  };
  let lastAgreed: ProtocolParameters | undefined;

  const held = (assets: readonly AssetQuantity[]): bigint =>
    assets.reduce(
      (sum, { policyId, assetName, quantity }) => (policyId === asset.policyId && assetName === asset.assetName ? sum + quantity : sum),
      0n,
    );
  /** All that its outputs hold: never less than any lock that it spends. */
  const moves = ({ outputs }: Transaction): bigint => outputs.reduce((sum, { assets }) => sum + held(assets), 0n);

  const seenOutput =
    (reference: Parameters<Source['output']>[0], signal: AbortSignal | undefined) =>
    async (source: Source): Promise<SeenOutput | null> => {
      const state = await source.output(reference, signal);
      if (state === null) return null;
      const heightOf = async (txId: string): Promise<number | null> => {
        const status = await source.transaction(txId, signal);
        return status.state === 'confirmed' ? status.blockHeight : null;
      };
      const [madeAt, spentAt] = await Promise.all([heightOf(reference.txId), state.spentBy === null ? null : heightOf(state.spentBy)]);
      return { ...state, madeAt, spentAt };
    };

  return {
    slotConfig: first.source.slotConfig,
    tip: (signal) => first.source.tip(signal),
    utxos: (address, options) => first.source.utxos(address, options),
    history: (address, options) => first.source.history(address, options),
    scriptUtxos: (scriptHash, signal) => first.source.scriptUtxos(scriptHash, signal),
    evaluate: (cbor, signal) => first.source.evaluate(cbor, signal),

    async output(reference, signal) {
      const alone = await first.source.output(reference, signal);
      if (alone !== null && held(alone.utxo.assets) <= aboveBaseUnits) return alone;
      const ask = async (): Promise<OutputState | null> => {
        const agreed = agreedOutput(referenceText(reference), ...(await both(seenOutput(reference, signal), signal)));
        return agreed === null ? null : { utxo: agreed.utxo, spentBy: agreed.spentBy };
      };
      return alone === null ? unlessDown(null, ask) : ask();
    },

    async transaction(txId, signal) {
      const alone = await first.source.transaction(txId, signal);
      if (alone.state === 'confirmed') {
        const transaction = await first.source.rawTransaction(txId, signal);
        if (transaction !== null && moves(transaction) <= aboveBaseUnits) return alone;
      }
      const ask = async (): Promise<TransactionStatus> =>
        agreedStatus(txId, ...(await both((source) => source.transaction(txId, signal), signal)));
      return alone.state === 'confirmed' ? ask() : unlessDown(alone, ask);
    },

    async rawTransaction(txId, signal) {
      const one = await first.source.rawTransaction(txId, signal);
      if (one === null || moves(one) <= aboveBaseUnits) return one;
      const two = await (await secondSource()).rawTransaction(txId, signal);
      if (two === null) return null;
      if (verdictOf(one) === verdictOf(two)) return one;
      throw disagreement(
        `the scripts of transaction ${txId}`,
        [first.name, verdictOf(one).slice(0, 300)],
        [second.name, verdictOf(two).slice(0, 300)],
      );
    },

    async parameters(signal) {
      try {
        lastAgreed = agreedParameters(...(await both((source) => source.parameters(signal), signal)));
        return lastAgreed;
      } catch (error) {
        if (!isUnavailable(error) || lastAgreed === undefined) throw error;
        const alone = { name: first.name, height: 0, thing: await first.source.parameters(signal) };
        return agreedParameters(alone, { name: `${second.name} before`, height: 0, thing: lastAgreed });
      }
    },

    async submit(cbor, signal) {
      const sent = await Promise.allSettled([
        first.source.submit(cbor, signal),
        secondSource().then((source) => source.submit(cbor, signal)),
      ]);
      const taken = sent.find((result) => result.status === 'fulfilled');
      if (taken !== undefined) return taken.value;
      const reasons = sent.flatMap((result) => (result.status === 'rejected' ? [result.reason as unknown] : []));
      // A refusal names what is wrong; that the other one was down does not.
      throw reasons.find((reason) => !isUnavailable(reason)) ?? reasons[0] ?? unavailable('no source took the transaction');
    },
  };
}
