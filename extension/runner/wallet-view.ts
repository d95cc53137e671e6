// What the pages are told of the selected account, from what the chain says it holds.
import type { WalletView } from '../wallet/messages.ts';
import { balanceIn, type Linked } from './linked.ts';

export function walletView(linked: Linked): WalletView {
  const { account, address, stakeAddress } = linked;
  const balance = balanceIn(linked);
  return {
    account: account.index,
    name: account.name,
    address,
    stakeAddress,
    isKnown: balance !== null,
    baseUnits: balance?.baseUnits ?? 0n,
    lovelace: balance?.lovelace ?? 0n,
    collateralLovelace: 0n,
    tokens: [],
    pending: [],
  };
}
