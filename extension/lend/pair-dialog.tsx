// Pairing: the code of the machine's terminal, and where it is if nobody else knows.
import { useSignal } from '@preact/signals';
import { safeError } from '@nunet/shared/errors.ts';
import type { JSX } from 'preact';
import { routeHash } from '../dashboard/route.ts';
import { useRouter } from '../dashboard/router.ts';
import { Button } from '../ui/button.tsx';
import { Callout } from '../ui/callout.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { errorText, type SaidNo } from '../ui/error-text.ts';
import { Field } from '../ui/field.tsx';
import { t } from '../ui/i18n.ts';
import { usePage } from '../ui/page.ts';
import { visibleText } from '../ui/visible-text.ts';

const MAX_CODE = 60;
const MAX_ADDRESS = 512;
const MAX_NAME = 60;

export function PairDialog({ onClose }: { onClose: () => void }): JSX.Element {
  const { runner, vault, toasts } = usePage();
  const { isUnlocking } = useRouter();
  const words = t().lend.pairing;
  const code = useSignal('');
  const address = useSignal('');
  const name = useSignal(words.nameStart);
  const isBusy = useSignal(false);
  const no = useSignal<SaidNo | null>(null);
  const isLocked = vault.state.value?.state === 'locked';
  const pair = async (event: Event): Promise<void> => {
    event.preventDefault();
    isBusy.value = true;
    no.value = null;
    const where = address.value.trim();
    try {
      const { peerId } = await runner.ask({
        type: 'pair-machine',
        code: code.value,
        address: where === '' ? null : where,
        name: name.value.trim(),
      });
      toasts.say(words.done);
      onClose();
      location.hash = routeHash({ view: 'machine', peerId });
    } catch (error) {
      no.value = safeError(error);
    } finally {
      isBusy.value = false;
    }
  };
  return (
    <Dialog title={t().lend.pair} onClose={onClose} testid="pair-dialog">
      <form class="stack" onSubmit={(event) => void pair(event)}>
        <p>
          {words.says} <code>nunet-agent pair</code>
        </p>
        <Field
          label={words.code}
          hint={words.codeHint}
          isMono
          isRequired
          maxLength={MAX_CODE}
          value={code.value}
          testid="pair-code"
          onInput={(value) => (code.value = value)}
        />
        <Field
          label={words.address}
          hint={words.addressHint}
          placeholder={words.optional}
          isMono
          maxLength={MAX_ADDRESS}
          value={address.value}
          testid="pair-address"
          onInput={(value) => (address.value = value)}
        />
        <Field
          label={words.name}
          hint={words.nameHint}
          isRequired
          maxLength={MAX_NAME}
          value={name.value}
          testid="pair-name"
          onInput={(value) => (name.value = value)}
        />
        {no.value !== null && (
          <Callout tone="bad" role="alert" testid="pair-problem" code={no.value.code}>
            <bdi>{visibleText(errorText(no.value), 400)}</bdi>
          </Callout>
        )}
        <div class="actions end">
          {isLocked ? (
            <Button kind="primary" icon="unlock" onClick={() => (isUnlocking.value = true)}>
              {words.unlock}
            </Button>
          ) : (
            <Button
              type="submit"
              kind="primary"
              testid="pair-submit"
              isDisabled={isBusy.value || code.value.trim() === '' || name.value.trim() === ''}
            >
              {isBusy.value ? words.busy : words.action}
            </Button>
          )}
        </div>
      </form>
    </Dialog>
  );
}
