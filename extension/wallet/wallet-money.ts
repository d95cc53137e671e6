// The money of one account on one network: what the pages see of it, and one answer to each thing that they may ask. Needs no key, and so
// works while the wallet is locked.
import type { Utxo } from '@nunet/contracts/chain/chain.ts';
import { outputReference, type OutputReference } from '@nunet/shared/fields.ts';
import type { Clock } from '@nunet/shared/job-flow/ports.ts';
import type { TransactionClient } from '../chain/transaction-client.ts';
import { STRICT, type RunnerDatabase } from '../runner/database.ts';
import type { AddressBook } from './address-book.ts';
import { collateralIn } from './collateral.ts';
import { openFirstSights, type FirstSights } from './first-sights.ts';
import { historyCsv } from './history-csv.ts';
import type { EntryGround } from './history-entry.ts';
import { historyPage, wholeHistory, type HistoryParts } from './history.ts';
import { holdingsOf, tokenView, type HoldingsGround } from './holdings-view.ts';
import type { BuiltPayment, WalletAnswers, WalletRequest, WalletView } from './messages.ts';
import { linkKey, type MoneyLink } from './money-link.ts';
import { openPaidAddresses, type PaidAddresses } from './paid-addresses.ts';
import { buildCollateral, buildPayment, type PaymentGround } from './payments.ts';
import type { PromisedInputs } from './promised-inputs.ts';
import { sendSigned, sendWith, type SendingParts } from './sending.ts';
import { openSent, type Sent } from './sent.ts';
import { keyHashOf } from './witness-check.ts';

/** Between two looks after what was sent and what came in. */
const POLL_MS = 2_500;
/** Collateral that was built and not yet sent; older ones were given up. */
const MOST_BUILT = 20;

export interface MoneyParts {
  database: RunnerDatabase;
  /** One for all accounts. */
  book: Promise<AddressBook>;
  transactions: Pick<TransactionClient, 'pay'>;
  inputs: PromisedInputs;
  clock: Clock;
  onChange: () => void;
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

interface Opened {
  sent: Sent;
  sights: FirstSights;
  book: AddressBook;
  paid: PaidAddresses;
  shown: Map<string, boolean>;
  apart: OutputReference | null;
}

/** Ends with the link. */
export function walletMoney(link: MoneyLink, { database, book, transactions, inputs, clock, onChange }: MoneyParts): WalletMoney {
  const { address, account, network, chain, signal, ntx } = link;
  const key = linkKey(link);
  const own = [address];
  const escrows = new Set(link.record?.escrows.map(({ scriptHash }) => scriptHash) ?? []);
  /** Outputs of transactions that were built to be collateral, by the transaction's id. */
  const built = new Map<string, OutputReference>();
  let at: Opened | null = null;
  let changes = 0;
  const changed = (): void => {
    changes += 1;
    onChange();
  };

  const open = async (): Promise<Opened> => {
    const unitsOfAccount = IDBKeyRange.bound([account.index, network], [account.index, network, []]);
    const [sent, sights, contacts, paid, apart, units, words] = await Promise.all([
      openSent({ chain, database, key, inputs, now: () => clock.now(), onChange: changed, signal }),
      openFirstSights({ chain, database, key, paymentHash: keyHashOf(account.payment), onChange: changed, signal }),
      book,
      openPaidAddresses(database, key),
      database.get('settings', `collateral/${key}`),
      database.getAllKeys('shownTokens', unitsOfAccount),
      database.getAll('shownTokens', unitsOfAccount),
    ]);
    const shown = new Map(units.map(([, , unit], index) => [unit, words[index] === true]));
    const parsed = outputReference.safeParse(apart);
    at = { sent, sights, book: contacts, paid, shown, apart: parsed.success ? parsed.data : null };
    inputs.setApart(at.apart === null ? [] : [at.apart]);
    changed();
    return at;
  };
  const opened = open();
  // Whoever asks is told.
  opened.catch(() => undefined);
  // The next account sets its own apart.
  signal.addEventListener('abort', () => inputs.setApart([]), { once: true });

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
  // Its one end is the signal's abort, or a database that cannot be opened, which every answer says.
  watch().catch(() => undefined);

  const ground = (): HoldingsGround => ({
    ntx,
    sights: at?.sights.sights ?? new Map(),
    shown: at?.shown ?? new Map(),
    collateral: at?.apart ?? null,
  });
  const entryGround = (): EntryGround => ({
    address,
    escrows,
    tokenOf: (asset) => {
      const { unit, label, quantity, decimals } = tokenView(asset, ground());
      return { unit, label, quantity, decimals };
    },
  });
  const historyParts: HistoryParts = { chain, database, key, ground: entryGround, signal };
  const paymentGround = ({ book, apart }: Opened): PaymentGround => ({
    link,
    transactions,
    inputs,
    known: { own, contacts: book.contacts() },
    apart,
  });

  const setApart = async (state: Opened, reference: OutputReference | null): Promise<void> => {
    const store = `collateral/${key}`;
    const transaction = database.transaction('settings', 'readwrite', STRICT);
    await Promise.all([reference === null ? transaction.store.delete(store) : transaction.store.put(reference, store), transaction.done]);
    state.apart = reference;
    inputs.setApart(reference === null ? [] : [reference]);
    changed();
  };

  const sending = ({ sent, paid, apart }: Opened): SendingParts => ({ link, inputs, sent, paid, apart });

  const submit = async (state: Opened, { cbor, witnesses }: Extract<WalletRequest, { type: 'submit' }>): Promise<{ txId: string }> => {
    const answer = await sendWith(sending(state), cbor, witnesses);
    const collateral = built.get(answer.txId);
    if (collateral !== undefined) await setApart(state, collateral);
    return answer;
  };

  const answerCollateral = async (state: Opened, isWanted: boolean): Promise<BuiltPayment | null> => {
    if (!isWanted) {
      await setApart(state, null);
      return null;
    }
    const { reference, payment } = await buildCollateral(paymentGround(state));
    if (payment === null) await setApart(state, reference);
    else {
      built.set(reference.txId, reference);
      for (const txId of [...built.keys()].slice(0, -MOST_BUILT)) built.delete(txId);
    }
    return payment;
  };

  const answer = async (request: MoneyRequest): Promise<WalletAnswers[MoneyRequest['type']]> => {
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
        await database.put('shownTokens', request.isShown, [account.index, network, request.unit]);
        state.shown.set(request.unit, request.isShown);
        changed();
        return null;
      case 'token-image':
        return { image: await state.sights.image(request.unit) };
    }
  };

  let seen: { utxos: readonly Utxo[] | null; changes: number; holdings: ReturnType<typeof holdingsOf> } | null = null;
  const holdings = (): ReturnType<typeof holdingsOf> => {
    const utxos = link.utxos();
    if (seen === null || seen.utxos !== utxos || seen.changes !== changes)
      seen = { utxos, changes, holdings: holdingsOf(utxos ?? [], ground()) };
    return seen.holdings;
  };

  return {
    answer,
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
      if (utxos === null || at === null) return null;
      const apart = collateralIn(utxos, at.apart);
      return inputs.free('', utxos).filter((utxo) => utxo !== apart);
    },
    collateral: () => collateralIn(link.utxos() ?? [], at?.apart ?? null),
    known: () => {
      const contacts = at?.book.contacts() ?? [];
      const named = new Set(contacts.map((contact) => contact.address));
      const paid = (at?.paid.all() ?? []).filter((other) => !named.has(other));
      return [...contacts.map(({ address, name }) => ({ address, name })), ...paid.map((other) => ({ address: other, name: null }))];
    },
    sendSigned: async (cbor) => sendSigned(sending(await opened), cbor),
  };
}
