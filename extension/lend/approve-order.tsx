// The person's word on an order that changes a machine: what it does, and the vault's signature of exactly that.
import { bytesToHex } from '@noble/hashes/utils.js';
import { blake2b256, encode } from '@nunet/shared/encoding.ts';
import type { OwnerOrder } from '@nunet/shared/owner-command.ts';
import type { ComponentChildren, JSX } from 'preact';
import { useRouter } from '../dashboard/router.ts';
import { useSigning } from '../preview/use-signing.ts';
import { Button } from '../ui/button.tsx';
import { Callout } from '../ui/callout.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { errorText } from '../ui/error-text.ts';
import { t } from '../ui/i18n.ts';
import { usePage } from '../ui/page.ts';
import { visibleText } from '../ui/visible-text.ts';
import type { MachineAnswer, MachineView } from './messages.ts';

export interface ApproveOrderProps {
  machine: MachineView;
  order: OwnerOrder;
  title: string;
  action: string;
  isDangerous?: boolean | undefined;
  onSent: (answer: MachineAnswer) => void;
  onClose: () => void;
  children: ComponentChildren;
}

export function ApproveOrder({ machine, order, title, action, isDangerous, onSent, onClose, children }: ApproveOrderProps): JSX.Element {
  const { runner, vault, now } = usePage();
  const { isUnlocking } = useRouter();
  const words = t().lend.approve;
  const { peerId, counter } = machine;
  const signing = useSigning({
    vault,
    proposal: {
      origin: null,
      frame: `lend ${peerId}`,
      account: vault.state.peek()?.selected ?? 0,
      network: machine.network as 'devnet' | 'preview' | 'preprod',
      what: { kind: 'owner', agent: peerId, order, above: counter },
    },
    hashes: [bytesToHex(blake2b256(encode(order)))],
    onSigned: async (signed) => {
      if (signed.kind !== 'owner') throw new TypeError('the vault signed something else');
      const { kind: _, ...bytes } = signed;
      onSent(await runner.ask({ type: 'machine-signed', peerId, order, signed: bytes }));
      onClose();
    },
    onRefused: onClose,
  });
  const step = signing.state.value;
  const isReady = step.step === 'ready' && now.value >= step.notBeforeMs;
  return (
    <Dialog title={title} onClose={onClose} testid="approve-order">
      <div class="stack">
        {children}
        {step.step === 'failed' && (
          <Callout tone="bad" role="alert" testid="approve-problem" code={step.because.code}>
            <bdi>{visibleText(errorText(step.because), 400)}</bdi>
          </Callout>
        )}
        {step.step === 'locked' && <Callout icon="lock">{words.locked}</Callout>}
        <div class="actions end">
          <Button testid="approve-back" onClick={signing.refuse}>
            {t().shell.parts.back}
          </Button>
          {step.step === 'locked' ? (
            <Button kind="primary" icon="unlock" onClick={() => (isUnlocking.value = true)}>
              {t().lend.pairing.unlock}
            </Button>
          ) : step.step === 'failed' ? (
            <Button kind="primary" onClick={signing.again}>
              {words.again}
            </Button>
          ) : (
            <Button
              kind={isDangerous === true ? 'danger' : 'primary'}
              testid="approve"
              isDisabled={!isReady}
              onClick={() => void signing.approve(null)}
            >
              {step.step === 'approving' ? words.approving : step.step === 'proposing' ? words.proposing : action}
            </Button>
          )}
        </div>
      </div>
    </Dialog>
  );
}
