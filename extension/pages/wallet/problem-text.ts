// What is wrong with an address or an amount, in words.
import { t } from '../../ui/i18n.ts';
import type { AddressProblem } from '../../wallet/address-check.ts';
import type { QuantityProblem } from '../../wallet/amount-text.ts';
import type { Contact } from '../../wallet/messages.ts';

export function quantityProblem(reason: QuantityProblem, decimals: number): string {
  const words = t().wallet.quantity;
  return reason === 'too-many-decimals' ? words[reason](decimals) : words[reason];
}

/** `like`: the known address that a look-alike imitates. */
export function addressProblem(reason: AddressProblem, like: string | null, contacts: readonly Contact[]): string {
  const words = t().wallet.address;
  if (reason !== 'look-alike') return words[reason];
  return words[reason](contacts.find(({ address }) => address === like)?.name ?? words.ownName);
}
