// Signing a message with the account's own key (CIP-8), and handing out the two parts that a verifier wants.
import { useSignal } from '@preact/signals';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { addressBytes } from '@nunet/contracts/chain/address.ts';
import type { JSX } from 'preact';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Facts } from '../../ui/facts.tsx';
import { TextArea } from '../../ui/field.tsx';
import { t } from '../../ui/i18n.ts';
import { usePage } from '../../ui/page.ts';
import { shortId } from '../../ui/visible-text.ts';
import { previewData } from '../../preview/data-preview.ts';
import type { DataPreview } from '../../preview/preview.ts';
import { SigningSheet } from '../../preview/signing-sheet.tsx';
import { useSigning } from '../../preview/use-signing.ts';
import type { Signable } from '../../vault/messages.ts';
import type { WalletView } from '../../wallet/messages.ts';
import { No } from '../no.tsx';
import { useAsking } from '../use-asking.ts';
import { OWN_PAGE } from './own-page.ts';

/** A page of text; the vault takes a little more. */
const MAX_MESSAGE = 4_000;

type Data = Extract<Signable, { kind: 'data' }>;
interface Waiting {
  what: Data;
  preview: DataPreview;
}
interface Done {
  signature: string;
  key: string;
}

export function SignMessage({ wallet }: { wallet: WalletView }): JSX.Element {
  const asking = useAsking();
  const text = useSignal('');
  const wasSent = useSignal(false);
  const waiting = useSignal<Waiting | null>(null);
  const done = useSignal<Done | null>(null);
  const words = t().wallet.message;
  const review = async (event: Event): Promise<void> => {
    event.preventDefault();
    wasSent.value = true;
    done.value = null;
    if (text.value.trim() === '') return;
    await asking.run(() => {
      const what: Data = {
        kind: 'data',
        role: 'payment',
        address: bytesToHex(addressBytes(wallet.address)),
        payload: bytesToHex(utf8ToBytes(text.value)),
      };
      waiting.value = { what, preview: previewData(what, null) };
      return Promise.resolve();
    });
  };
  return (
    <Card title={words.title} testid="sign-message">
      {waiting.value !== null ? (
        <Sheet
          key={waiting.value.what.payload}
          {...waiting.value}
          wallet={wallet}
          onDone={(signed) => {
            waiting.value = null;
            done.value = signed;
          }}
        />
      ) : (
        <form class="stack" onSubmit={(event) => void review(event)} autocomplete="off">
          <p class="hint">{words.lead}</p>
          <TextArea
            label={words.text}
            value={text.value}
            maxLength={MAX_MESSAGE}
            testid="message-text"
            error={wasSent.value && text.value.trim() === '' ? words.want : null}
            onInput={(next) => (text.value = next)}
          />
          <No no={asking.no.value} />
          <div class="actions end">
            <Button type="submit" icon="edit" testid="message-review">
              {words.action}
            </Button>
          </div>
          {done.value !== null && (
            <Facts
              shape="stacked"
              facts={[
                { name: words.signature, value: <Copied text={done.value.signature} what={words.copySignature} />, testid: 'message-signature' },
                { name: words.key, value: <Copied text={done.value.key} what={words.copyKey} />, testid: 'message-key' },
              ]}
            />
          )}
        </form>
      )}
    </Card>
  );
}

const Copied = ({ text, what }: { text: string; what: string }): JSX.Element => (
  <span class="actions" data-text={text}>
    <code>{shortId(text, 16, 12)}</code>
    <CopyButton text={text} what={what} />
  </span>
);

function Sheet({ what, preview, wallet, onDone }: Waiting & { wallet: WalletView; onDone: (done: Done | null) => void }): JSX.Element {
  const { runner, vault } = usePage();
  const network = runner.app.value?.network;
  const on = network === undefined || network.state === 'none' || network.target === null ? 'preprod' : network.target.network;
  const signing = useSigning({
    vault,
    proposal: { origin: null, frame: OWN_PAGE, account: wallet.account, network: on, what },
    hashes: [preview.hash],
    onSigned: (signed) => onDone(signed.kind === 'data' ? { signature: signed.signature, key: signed.key } : null),
    onRefused: () => onDone(null),
  });
  return <SigningSheet data={preview} origin={null} account={wallet.name} network={on} signing={signing} />;
}
