// What is needed seldom: collateral, and signing a message.
import type { JSX } from 'preact';
import type { WalletView } from '../../wallet/messages.ts';
import { Collateral } from './collateral.tsx';
import { SignMessage } from './sign-message.tsx';

export const More = ({ wallet }: { wallet: WalletView }): JSX.Element => (
  <>
    <Collateral wallet={wallet} />
    <SignMessage wallet={wallet} />
  </>
);
