// Where the runner asks for the wallet's money: that of the account and network which are linked now. The address book needs neither.
import { NunetError } from '@nunet/shared/errors.ts';
import { openAddressBook, type AddressBook } from './address-book.ts';
import { forgetWallet } from './forget-wallet.ts';
import type { WalletAnswers, WalletRequest, WalletView } from './messages.ts';
import type { MoneyLink } from './money-link.ts';
import { walletMoney, type MoneyParts, type WalletMoney } from './wallet-money.ts';

export interface WalletDesk {
  answer(request: WalletRequest): Promise<WalletAnswers[WalletRequest['type']]>;
  /** Null: no account is linked to a network. */
  view(): WalletView | null;
  money(): WalletMoney | null;
  /** Whom this wallet has paid, and its address book. */
  known(): { address: string; name: string | null }[];
}

/** `linked`: another object after each switch of account or network. */
export function walletDesk(parts: Omit<MoneyParts, 'book'> & { linked: () => MoneyLink | null }): WalletDesk {
  const opened = openAddressBook(parts.database, parts.onChange);
  let book: AddressBook | null = null;
  // Whoever asks is told.
  opened.then((ready) => (book = ready)).catch(() => undefined);
  let at: { link: MoneyLink; money: WalletMoney } | null = null;

  const money = (): WalletMoney | null => {
    const link = parts.linked();
    if (link === null || link.signal.aborted) at = null;
    else if (at?.link !== link) at = { link, money: walletMoney(link, { ...parts, book: opened }) };
    return at?.money ?? null;
  };

  return {
    money,
    view: () => money()?.view() ?? null,
    known: () => money()?.known() ?? (book?.contacts() ?? []).map(({ address, name }) => ({ address, name })),
    async answer(request) {
      const now = money();
      switch (request.type) {
        case 'address-book':
          return { contacts: (await opened).contacts() };
        case 'save-contact':
          await (await opened).save(request, now === null ? [] : [now.view().address]);
          return null;
        case 'remove-contact':
          await (await opened).remove(request.address);
          return null;
        case 'forget-wallet':
          // What looks after its money now would write it down again.
          if (now !== null) throw new NunetError('wallet-present', 'Cannot forget the wallet: it is still there; remove it first');
          await forgetWallet(parts.database);
          (await opened).forget();
          return null;
        default:
          if (now === null) throw new NunetError('network-missing', 'Connect to a network and open a wallet first');
          return now.answer(request);
      }
    },
  };
}
