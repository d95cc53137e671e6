// From a built payment to one that is sent: shown from its exact bytes, signed by the vault, handed in by the runner.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Button } from '../../ui/button.tsx';
import { t } from '../../ui/i18n.ts';
import { usePage } from '../../ui/page.ts';
import { Skeleton } from '../../ui/skeleton.tsx';
import type { PreviewGround, TransactionPreview } from '../../preview/preview.ts';
import { previewTransactions } from '../../preview/preview-transactions.ts';
import { SigningSheet } from '../../preview/signing-sheet.tsx';
import type { Signed } from '../../preview/signing.ts';
import { useSigning } from '../../preview/use-signing.ts';
import { No } from '../no.tsx';
import { useAsking } from '../use-asking.ts';
import { OWN_PAGE } from './own-page.ts';

interface SignPaymentProps {
  cbor: string;
  onSent: () => void;
  /** Refused, or given up. */
  onBack: () => void;
}

export function SignPayment({ cbor, onSent, onBack }: SignPaymentProps): JSX.Element {
  const { runner, vault } = usePage();
  const asking = useAsking();
  const shown = useSignal<{ ground: PreviewGround; preview: TransactionPreview } | null>(null);
  const read = (): Promise<boolean> =>
    asking.run(async () => {
      const account = vault.state.value?.selected ?? 0;
      const ground = await runner.ask({ type: 'preview-ground', account, transactions: [cbor] });
      const [preview] = previewTransactions([cbor], ground);
      if (preview !== undefined) shown.value = { ground, preview };
    });
  useEffect(() => void read(), [cbor]);
  if (shown.value === null) {
    return (
      <div class="stack">
        {asking.no.value === null && <Skeleton label={t().wallet.send.building} shape="rows" />}
        <No no={asking.no.value} testid="preview-error" />
        <div class="actions end">
          <Button testid="sign-back" onClick={onBack}>
            {t().vault.back}
          </Button>
          {asking.no.value !== null && (
            <Button kind="primary" onClick={() => void read()}>
              {t().shell.parts.tryAgain}
            </Button>
          )}
        </div>
      </div>
    );
  }
  return <Sheet key={cbor} cbor={cbor} {...shown.value} onSent={onSent} onBack={onBack} />;
}

/** These empty a good part of the account: the vault wants the password again. */
const LARGE: ReadonlySet<string> = new Set(['large-part', 'empties-wallet']);

function Sheet({ cbor, ground, preview, onSent, onBack }: SignPaymentProps & { ground: PreviewGround; preview: TransactionPreview }): JSX.Element {
  const { runner, vault } = usePage();
  const submit = async (signed: Signed): Promise<void> => {
    if (signed.kind !== 'transactions') return;
    await runner.ask({ type: 'submit', cbor, witnesses: signed.witnesses[0] ?? [] });
    onSent();
  };
  const signing = useSigning({
    vault,
    proposal: {
      origin: null,
      frame: OWN_PAGE,
      account: ground.account.index,
      network: ground.network,
      ...(preview.risks.some(({ code }) => LARGE.has(code)) ? { isLarge: true as const } : {}),
      what: { kind: 'transactions', transactions: [{ cbor, roles: preview.keys }] },
    },
    hashes: [preview.hash],
    onSigned: submit,
    onRefused: onBack,
  });
  return <SigningSheet previews={[preview]} origin={null} account={ground.account.name} network={ground.network} signing={signing} />;
}
