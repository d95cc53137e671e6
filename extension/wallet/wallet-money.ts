// The money of one account on one network: what the pages see of it, and one answer to each thing that they may ask. Needs no key, and so
// works while the wallet is locked.
import type { Utxo } from '@nunet/contracts/chain/chain.ts';
import type { OutputReference } from '@nunet/shared/fields.ts';
import type { TransactionClient } from '../chain/transaction-client.ts';
import { openAccountState, type AccountParts, type AccountState } from './account-state.ts';
import { collateralIn } from './collateral.ts';
import { historyCsv } from './history-csv.ts';
import type { EntryGround } from './history-entry.ts';
import { historyPage, wholeHistory, type HistoryParts } from './history.ts';
import { holdingsOf, tokenView, type Holdings, type HoldingsGround } from './holdings-view.ts';
import type { BuiltPayment, WalletAnswers, WalletRequest, WalletView } from './messages.ts';
import { linkKey, type MoneyLink } from './money-link.ts';
import { buildCollateral, buildPayment, type PaymentGround } from './payments.ts';
import { sendSigned, sendWith, type SendingParts } from './sending.ts';

/** Between two looks after what was sent and what came in. */
const POLL_MS = 2_500;
/** Collateral that was built and not yet sent; older ones were given up. */
const MOST_BUILT = 20;

export interface MoneyParts extends AccountParts {
  transactions: Pick<TransactionClient, 'pay'>;
}

/** What is asked of one account's money; the address book is of all. */
export type MoneyRequest = Exclude<WalletRequest, { type: 'address-book' | 'save-contact' | 'remove-contact' | 'forget-wallet' }>;

export interface WalletMoney {
  answer(request: MoneyRequest): Promise<WalletAnswers[MoneyRequest['type']]>;
  view(): WalletView;
  /** What may be spent, without the collateral and what is promised; null until the chain has told. */
  spendable(): Utxo[] | null;
  /** Pure ADA, five of it, set apart by the person. */
  collateral(): Utxo | null;
  /** Whom the account has paid, and its address book. */
  known(): { address: string; name: string | null }[];
  /** A transaction with all its signatures, of a web page for example. */
  sendSigned(cbor: string): Promise<{ txId: string }>;
}

/** Ends with the link. */
export function walletMoney(link: MoneyLink, parts: MoneyParts): WalletMoney {
  const { address, account, chain, signal, ntx } = link;
  const { database, inputs, transactions, clock } = parts;
  const own = [address];
  const escrows = new Set(link.record?.escrows.map(({ scriptHash }) => scriptHash) ?? []);
  /** Outputs of transactions that were built to be collateral, by the transaction's id. */
  const built = new Map<string, OutputReference>();
  let at: AccountState | null = null;
  let changes = 0;
  const onChange = (): void => {
    changes += 1;
    parts.onChange();
  };

  const opened = openAccountState(link, { ...parts, onChange }).then((state) => {
    at = state;
    onChange();
    return state;
  });
  // Whoever asks is told.
  opened.catch(() => undefined);

  const watch = async (): Promise<void> => {
    const { sent, sights } = await opened;
    let read: readonly Utxo[] | null = null;
    for (;;) {
      await sent.follow();
      const utxos = link.utxos();
      // What the source does not tell now is asked for again at the next look.
      if (utxos !== null && utxos !== read && (await sights.look(utxos).catch(() => false))) read = utxos;
      await clock.sleep(POLL_MS, signal);
    }
  };
  // Its one end is the signal's abort, or a database that cannot be read, which every answer says.
  watch().catch(() => undefined);

  const holdingsGround = (): HoldingsGround => ({
    ntx,
    sights: at?.sights.sights ?? new Map(),
    shown: at?.shown ?? new Map(),
    collateral: at?.apart() ?? null,
  });
  const entryGround = (): EntryGround => ({
    address,
    escrows,
    tokenOf: (asset) => {
      const { unit, label, quantity, decimals } = tokenView(asset, holdingsGround());
      return { unit, label, quantity, decimals };
    },
  });
  const historyParts: HistoryParts = { chain, database, key: linkKey(link), ground: entryGround, signal };
  const paymentGround = (state: AccountState): PaymentGround => ({
    link,
    transactions,
    inputs,
    known: { own, contacts: state.book.contacts() },
    apart: state.apart(),
  });
  const sending = (state: AccountState): SendingParts => {
    const { sent, paid } = state;
    return { link, inputs, sent, paid, apart: state.apart() };
  };

  const submit = async (
    state: AccountState,
    { cbor, witnesses }: Extract<WalletRequest, { type: 'submit' }>,
  ): Promise<{ txId: string }> => {
    const answer = await sendWith(sending(state), cbor, witnesses);
    const collateral = built.get(answer.txId);
    if (collateral !== undefined) await state.setApart(collateral);
    return answer;
  };

  const answerCollateral = async (state: AccountState, isWanted: boolean): Promise<BuiltPayment | null> => {
    if (!isWanted) {
      await state.setApart(null);
      return null;
    }
    const { reference, payment } = await buildCollateral(paymentGround(state));
    if (payment === null) await state.setApart(reference);
    else {
      built.set(reference.txId, reference);
      for (const txId of [...built.keys()].slice(0, -MOST_BUILT)) built.delete(txId);
    }
    return payment;
  };

  let seen: { utxos: readonly Utxo[] | null; changes: number; holdings: Holdings } | null = null;
  /** Worked out once a change: 13 ms with 300 tokens. */
  const holdings = (): Holdings => {
    const utxos = link.utxos();
    if (seen === null || seen.utxos !== utxos || seen.changes !== changes)
      seen = { utxos, changes, holdings: holdingsOf(utxos ?? [], holdingsGround()) };
    return seen.holdings;
  };

  return {
    async answer(request) {
      const state = await opened;
      switch (request.type) {
        case 'build-payment':
          return buildPayment(paymentGround(state), request);
        case 'build-collateral':
          return answerCollateral(state, request.isWanted);
        case 'submit':
          return submit(state, request);
        case 'history':
          return historyPage(historyParts, address, request.before);
        case 'history-csv': {
          const { entries, isWhole } = await wholeHistory(historyParts, address);
          return { csv: historyCsv(entries), isWhole };
        }
        case 'show-token':
          await state.show(request.unit, request.isShown);
          return null;
        case 'token-image':
          return { image: await state.sights.image(request.unit) };
      }
    },
    view: () => ({
      account: account.index,
      name: account.name,
      address,
      stakeAddress: link.stakeAddress,
      isKnown: link.utxos() !== null,
      ...holdings(),
      pending: at?.sent.view() ?? [],
    }),
    spendable: () => {
      const utxos = link.utxos();
      return utxos === null || at === null ? null : inputs.free('', utxos);
    },
    collateral: () => collateralIn(link.utxos() ?? [], at?.apart() ?? null),
    known: () => {
      const contacts = at?.book.contacts() ?? [];
      const named = new Set(contacts.map((contact) => contact.address));
      const paid = (at?.paid.all() ?? []).filter((other) => !named.has(other));
      return [...contacts.map(({ address, name }) => ({ address, name })), ...paid.map((other) => ({ address: other, name: null }))];
    },
    sendSigned: async (cbor) => sendSigned(sending(await opened), cbor),
  };
}
