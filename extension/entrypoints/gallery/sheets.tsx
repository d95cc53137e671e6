// The signing sheet in the gallery: a lock, a payment, an unknown contract, what cannot be signed, a message, a locked wallet.
import { useSignal } from '@preact/signals';
import { addressBytes } from '@nunet/contracts/chain/address.ts';
import { ESCROW_ADDRESS } from '@nunet/contracts/script.ts';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { ComponentType, JSX } from 'preact';
import { previewData } from '../../preview/data-preview.ts';
import type { TransactionPreview } from '../../preview/preview.ts';
import { previewTransactions } from '../../preview/preview-transactions.ts';
import * as world from '../../preview/sample-world.ts';
import type { Shown } from '../../preview/prepare-signing.ts';
import { SigningSheet } from '../../preview/signing-sheet.tsx';
import type { SigningStep } from '../../preview/signing.ts';

const READY: SigningStep = { step: 'ready', approvalId: 'sample', notBeforeMs: 0, wantsPassword: false };

const previewOf = (sample: world.SampleTransaction): TransactionPreview => {
  const [preview] = previewTransactions([world.transactionOf(sample)], world.sampleGround());
  if (preview === undefined) throw new Error('one transaction has one preview');
  return preview;
};
const shown = (...previews: TransactionPreview[]): Shown => ({ kind: 'transactions', previews });

const payment = previewOf({ outputs: [{ address: world.FRIEND, lovelace: 10_000_000n }, world.change(39_800_000n)] });
const unknown = previewOf({
  validUntilMs: null,
  outputs: [{ address: world.scriptAddress('5c'.repeat(28)), lovelace: 40_000_000n, inlineDatum: '182a' }, world.change(9_800_000n)],
});
const forged = previewOf({
  inputs: [world.RICH],
  outputs: [
    { address: ESCROW_ADDRESS, lovelace: 5_000_000n, assets: [{ ...world.NTX, quantity: 250_000_000n }], inlineDatum: '182a' },
    world.change(94_800_000n, [{ ...world.NTX, quantity: 750_000_000n }]),
  ],
});
/** As a lock looks that matches its quote. */
const lock: TransactionPreview = {
  ...forged,
  risks: [],
  intent: {
    kind: 'lock',
    amountBaseUnits: 250_000_000n,
    lovelace: 5_000_000n,
    jobTitle: 'Digits 784-128-10',
    computeProvider: world.FRIEND,
    refundableAfterMs: world.NOW + 300_000_000,
    oracles: 3,
    k: 2,
  },
};
const message = previewData(
  {
    kind: 'data',
    role: 'payment',
    address: bytesToHex(addressBytes(world.HOME)),
    payload: bytesToHex(utf8ToBytes('bank.example wants you to sign in with your Cardano account.\n\nNonce: 3289\u202e17')),
  },
  'https://app.example',
);

/** Counts what the button lets through. */
function Sheet({
  name,
  what,
  origin,
  step = READY,
}: {
  name: string;
  what: Shown;
  origin: string | null;
  step?: SigningStep;
}): JSX.Element {
  const approved = useSignal(0);
  return (
    <div data-testid={`sheet-${name}`} data-approved={approved.value}>
      <SigningSheet
        what={what}
        origin={origin}
        account="Main"
        network="devnet"
        step={step}
        problem={null}
        onApprove={() => (approved.value += 1)}
        onUnlock={(password) => password.fill(0)}
        onRefuse={() => undefined}
        onAgain={() => undefined}
      />
    </div>
  );
}

const SITE = 'https://app.example';

export const SHEETS: readonly (readonly [name: string, piece: ComponentType])[] = [
  ['Sheet: the lock of a job', () => <Sheet name="lock" what={shown(lock)} origin={null} />],
  ['Sheet: a payment', () => <Sheet name="payment" what={shown(payment)} origin={SITE} />],
  ['Sheet: an unknown contract', () => <Sheet name="unknown" what={shown(unknown)} origin={SITE} />],
  ['Sheet: what cannot be signed', () => <Sheet name="forged" what={shown(forged)} origin={SITE} />],
  ['Sheet: two at once', () => <Sheet name="batch" what={shown(payment, unknown)} origin={SITE} />],
  ['Sheet: a message', () => <Sheet name="message" what={{ kind: 'data', data: message }} origin={SITE} />],
  ['Sheet: a locked wallet', () => <Sheet name="locked" what={shown(payment)} origin={null} step={{ step: 'locked' }} />],
];
