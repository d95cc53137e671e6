// Signing a message with the account's own key (CIP-8), and handing out the two parts that a verifier wants.
import { useSignal } from '@preact/signals';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { addressBytes } from '@nunet/contracts/chain/address.ts';
import type { JSX } from 'preact';
import { Sign } from '../../preview/sign.tsx';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Facts } from '../../ui/facts.tsx';
import { TextArea } from '../../ui/field.tsx';
import { t } from '../../ui/i18n.ts';
import { usePage } from '../../ui/page.ts';
import { shortId } from '../../ui/visible-text.ts';
import type { WalletView } from '../../wallet/messages.ts';
import { useNetwork } from './network-name.ts';
import { useOwnFrame } from './own-frame.ts';

/** A page of text; the vault takes a little more. */
const MAX_MESSAGE = 4_000;

interface Done {
  signature: string;
  key: string;
}

export function SignMessage({ wallet }: { wallet: WalletView }): JSX.Element {
  const { runner, vault } = usePage();
  const network = useNetwork();
  const frame = useOwnFrame();
  const text = useSignal('');
  const wasSent = useSignal(false);
  /** What is on the sheet, hex. */
  const payload = useSignal<string | null>(null);
  const done = useSignal<Done | null>(null);
  const words = t().wallet.message;
  const review = (event: Event): void => {
    event.preventDefault();
    wasSent.value = true;
    done.value = null;
    if (text.value.trim() !== '') payload.value = bytesToHex(utf8ToBytes(text.value));
  };
  const close = (): void => {
    payload.value = null;
  };
  return (
    <Card title={words.title} testid="sign-message">
      {payload.value !== null && network !== null && (
        <Dialog title={words.title} onClose={close} isWide>
          <Sign
            key={payload.value}
            runner={runner}
            vault={vault}
            ask={{ kind: 'data', role: 'payment', address: bytesToHex(addressBytes(wallet.address)), payload: payload.value }}
            origin={null}
            frame={frame}
            account={{ index: wallet.account, name: wallet.name }}
            network={network}
            onSigned={(signed) => {
              if (signed.kind === 'data') done.value = { signature: signed.signature, key: signed.key };
              close();
            }}
            onRefused={close}
          />
        </Dialog>
      )}
      <form class="stack" onSubmit={review} autocomplete="off">
        <p class="hint">{words.lead}</p>
        <TextArea
          label={words.text}
          value={text.value}
          maxLength={MAX_MESSAGE}
          testid="message-text"
          error={wasSent.value && text.value.trim() === '' ? words.want : null}
          onInput={(next) => (text.value = next)}
        />
        <div class="actions end">
          <Button type="submit" icon="edit" testid="message-review">
            {words.action}
          </Button>
        </div>
        {done.value !== null && (
          <Facts
            shape="stacked"
            facts={[
              {
                name: words.signature,
                value: <Copied text={done.value.signature} what={words.copySignature} />,
                testid: 'message-signature',
              },
              { name: words.key, value: <Copied text={done.value.key} what={words.copyKey} />, testid: 'message-key' },
            ]}
          />
        )}
      </form>
    </Card>
  );
}

const Copied = ({ text, what }: { text: string; what: string }): JSX.Element => (
  <span class="actions" data-text={text}>
    <code>{shortId(text, 16, 12)}</code>
    <CopyButton text={text} what={what} />
  </span>
);
