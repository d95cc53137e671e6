// The payout address of an agent: the statement that its terminal shows, in words, signed by this account, and one line to paste back.
import { useSignal } from '@preact/signals';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { addressBytes } from '@nunet/contracts/chain/address.ts';
import type { Network } from '@nunet/shared/fields.ts';
import { payoutProofText } from '@nunet/shared/payout-statement.ts';
import type { JSX } from 'preact';
import { Sign } from '../../preview/sign.tsx';
import { Address } from '../../ui/address.tsx';
import { Button } from '../../ui/button.tsx';
import { Callout } from '../../ui/callout.tsx';
import { Card } from '../../ui/card.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Dialog } from '../../ui/dialog.tsx';
import { Facts, type Fact } from '../../ui/facts.tsx';
import { TextArea } from '../../ui/field.tsx';
import { t } from '../../ui/i18n.ts';
import { Moment } from '../../ui/moment.tsx';
import { usePage } from '../../ui/page.ts';
import { shortId } from '../../ui/visible-text.ts';
import type { WalletView } from '../../wallet/messages.ts';
import { readPayout, type PayoutReading } from '../../wallet/payout-reading.ts';
import { useNetwork } from './network-name.ts';
import { useOwnFrame } from './own-frame.ts';

/** As long as the parser takes, and a little more for what a terminal adds. */
const MAX_PASTE = 1_600;

type Read = Extract<PayoutReading, { ok: true }>;

function refusalText(reading: Extract<PayoutReading, { ok: false }>): string {
  const words = t().wallet.payout;
  return reading.why === 'network'
    ? words.network(reading.network === undefined ? '' : t().wallet.networks[reading.network])
    : words[reading.why];
}

const factsOf = ({ statement }: Read): Fact[] => {
  const words = t().wallet.payout;
  const { agent, address, previous, expiresAt } = statement;
  return [
    { name: words.agent, value: <Address text={agent} what={words.anAgent} />, testid: 'payout-agent' },
    { name: words.to, value: <Address text={address} what={words.anAddress} isFull />, testid: 'payout-to' },
    ...(previous === null || previous === address
      ? []
      : [{ name: words.before, value: <Address text={previous} what={words.anAddress} />, testid: 'payout-before' }]),
    { name: words.until, value: <Moment atMs={expiresAt} nowMs={Date.now()} />, testid: 'payout-until' },
  ];
};

function roleText({ as, statement }: Read): string | null {
  const words = t().wallet.payout;
  if (as === 'previous') return words.asPrevious;
  return statement.previous === null || statement.previous === statement.address ? null : `${words.asNew} ${words.alsoPrevious}`;
}

export function PayoutAddress({ wallet }: { wallet: WalletView }): JSX.Element {
  const { runner, vault } = usePage();
  const network = useNetwork();
  const frame = useOwnFrame();
  const pasted = useSignal('');
  const reading = useSignal<PayoutReading | null>(null);
  const isSigning = useSignal(false);
  const proof = useSignal<string | null>(null);
  const words = t().wallet.payout;
  const look = (on: Network): void => {
    proof.value = null;
    reading.value = readPayout(pasted.value, { address: wallet.address, network: on, now: Date.now() });
  };
  const read = reading.value?.ok === true ? reading.value : null;
  const close = (): void => {
    isSigning.value = false;
  };
  return (
    <Card title={words.title} testid="payout">
      {isSigning.value && read !== null && network !== null && (
        <Dialog title={words.title} onClose={close} isWide>
          <Sign
            key={read.text}
            runner={runner}
            vault={vault}
            ask={{
              kind: 'data',
              role: 'payment',
              address: bytesToHex(addressBytes(read.signer)),
              payload: bytesToHex(utf8ToBytes(read.text)),
            }}
            origin={null}
            frame={frame}
            account={{ index: wallet.account, name: wallet.name }}
            network={network}
            onSigned={(signed) => {
              if (signed.kind === 'data') proof.value = payoutProofText(signed);
              close();
            }}
            onRefused={close}
          />
        </Dialog>
      )}
      <div class="stack">
        <form
          class="stack"
          autocomplete="off"
          onSubmit={(event) => {
            event.preventDefault();
            if (network !== null) look(network);
          }}
        >
          <p class="hint">{words.lead}</p>
          <TextArea
            label={words.text}
            value={pasted.value}
            maxLength={MAX_PASTE}
            testid="payout-text"
            error={reading.value?.ok === false ? refusalText(reading.value) : null}
            onInput={(next) => {
              pasted.value = next;
              reading.value = null;
              proof.value = null;
            }}
          />
          {read === null && (
            <div class="actions end">
              <Button type="submit" icon="edit" testid="payout-read">
                {words.action}
              </Button>
            </div>
          )}
        </form>
        {read !== null && (
          <div class="stack" data-testid="payout-review">
            <Facts label={words.says} shape="stacked" facts={factsOf(read)} />
            {roleText(read) !== null && <Callout tone={read.as === 'previous' ? 'wait' : 'info'}>{roleText(read)}</Callout>}
            {proof.value === null ? (
              <div class="actions end">
                <Button kind="primary" icon="edit" testid="payout-sign" onClick={() => (isSigning.value = true)}>
                  {words.sign}
                </Button>
              </div>
            ) : (
              <Callout tone="good" role="status" testid="payout-proof" actions={<CopyButton text={proof.value} what={words.copyProof} />}>
                <p>{words.done}</p>
                <code data-text={proof.value}>{shortId(proof.value, 24, 12)}</code>
              </Callout>
            )}
          </div>
        )}
      </div>
    </Card>
  );
}
