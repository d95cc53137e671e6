// From a built payment to one that is sent: shown from its exact bytes, signed by the vault, handed in by the runner.
import type { JSX } from 'preact';
import { Sign } from '../../preview/sign.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { t } from '../../ui/i18n.ts';
import { usePage } from '../../ui/page.ts';
import type { WalletView } from '../../wallet/messages.ts';
import { useNetwork } from './network-name.ts';
import { useOwnFrame } from './own-frame.ts';

interface SignPaymentProps {
  cbor: string;
  wallet: WalletView;
  onSent: () => void;
  /** Refused, or given up. */
  onBack: () => void;
}

export function SignPayment({ cbor, wallet, onSent, onBack }: SignPaymentProps): JSX.Element | null {
  const { runner, vault } = usePage();
  const network = useNetwork();
  const frame = useOwnFrame();
  if (network === null) return null;
  return (
    <Dialog title={t().wallet.send.check} onClose={onBack} isWide testid="sign-payment">
      <Sign
        key={cbor}
        runner={runner}
        vault={vault}
        ask={{ kind: 'transactions', transactions: [{ cbor, roles: null }] }}
        origin={null}
        frame={frame}
        account={{ index: wallet.account, name: wallet.name }}
        network={network}
        onSigned={async (signed) => {
          if (signed.kind !== 'transactions') return;
          await runner.ask({ type: 'submit', cbor, witnesses: signed.witnesses[0] ?? [] });
          onSent();
        }}
        onRefused={onBack}
      />
    </Dialog>
  );
}
