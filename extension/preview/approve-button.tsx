// The button that signs: inert until it may be used, and deaf to every click that a person did not begin on it after that.
import type { JSX, TargetedMouseEvent } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { t } from '../ui/i18n.ts';
import { doesCount, type Hold } from './approve-guard.ts';

export interface ApproveButtonProps {
  label: string;
  /** Null: it can be used. */
  hold: Hold | null;
  isBusy: boolean;
  onApprove: () => void;
}

export function ApproveButton({ label, hold, isBusy, onApprove }: ApproveButtonProps): JSX.Element {
  const id = useId();
  const usableSinceMs = useRef<number | null>(null);
  const pressedAtMs = useRef<number | null>(null);
  const didMiss = useSignal(false);
  const isUsable = hold === null && !isBusy;
  useEffect(() => {
    usableSinceMs.current = isUsable ? performance.now() : null;
    pressedAtMs.current = null;
  }, [isUsable]);
  const press = (event: Event): void => {
    if (event.isTrusted) pressedAtMs.current = event.timeStamp;
  };
  const click = (event: TargetedMouseEvent<HTMLButtonElement>): void => {
    const button = event.currentTarget;
    const usableSince = usableSinceMs.current;
    const counts =
      usableSince !== null &&
      doesCount({
        isTrusted: event.isTrusted,
        isPointer: event.detail > 0,
        isOnTop: button.contains(document.elementFromPoint(event.clientX, event.clientY)),
        pressedAtMs: pressedAtMs.current,
        usableSinceMs: usableSince,
      });
    pressedAtMs.current = null;
    didMiss.value = !counts;
    if (counts) onApprove();
  };
  return (
    <div class="sheet-approve">
      <button
        type="button"
        class="button primary large"
        data-testid="approve"
        data-hold={hold ?? ''}
        disabled={!isUsable}
        aria-describedby={id}
        onPointerDown={press}
        onKeyDown={(event) => {
          // A key that is held since before repeats, and is no new press.
          if (!event.repeat && (event.key === 'Enter' || event.key === ' ')) press(event);
        }}
        onClick={click}
      >
        {isBusy ? t().sheet.signing : label}
      </button>
      <p class="hint" id={id} role="status" data-testid="approve-hold">
        {didMiss.value ? t().sheet.covered : hold === null ? '' : t().sheet.hold[hold]}
      </p>
    </div>
  );
}
