// Receiving: the one address of the account, as a code, as text, and with what it is not for.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Address } from '../../ui/address.tsx';
import { Button } from '../../ui/button.tsx';
import { Callout } from '../../ui/callout.tsx';
import { t } from '../../ui/i18n.ts';
import { Qr } from '../../ui/qr.tsx';
import type { WalletView } from '../../wallet/messages.ts';
import { useNetworkName } from './network-name.ts';

const SAID_MS = 1_600;

export function Receive({ wallet }: { wallet: WalletView }): JSX.Element {
  const isCopied = useSignal(false);
  const network = useNetworkName();
  const words = t().wallet.receive;
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(wallet.address);
    isCopied.value = true;
    setTimeout(() => (isCopied.value = false), SAID_MS);
  };
  return (
    <div class="receive stack">
      <p class="hint">{words.lead}</p>
      <Qr text={wallet.address} label={words.qr} />
      <Address text={wallet.address} what={words.what} isFull testid="receive-address" />
      <Button kind="primary" icon={isCopied.value ? 'check' : 'copy'} testid="receive-copy" onClick={() => void copy()}>
        <span aria-live="polite">{isCopied.value ? words.copied : words.copy}</span>
      </Button>
      <Callout tone="wait">{words.warning(network)}</Callout>
      <details class="fold">
        <summary>{words.stake}</summary>
        <Address text={wallet.stakeAddress} what={words.stakeWhat} isFull />
      </details>
    </div>
  );
}
