// What is needed seldom: collateral, the payout address of an agent, and signing a message.
import type { JSX } from 'preact';
import type { WalletView } from '../../wallet/messages.ts';
import { Collateral } from './collateral.tsx';
import { PayoutAddress } from './payout-address.tsx';
import { SignMessage } from './sign-message.tsx';

export const More = ({ wallet }: { wallet: WalletView }): JSX.Element => (
  <>
    <Collateral wallet={wallet} />
    <PayoutAddress wallet={wallet} />
    <SignMessage wallet={wallet} />
  </>
);
