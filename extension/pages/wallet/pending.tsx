// Payments on their way: sent, in no block yet.
import type { JSX } from 'preact';
import { Ada, Ntx } from '../../ui/amount.tsx';
import { COVER, useCover } from '../../ui/cover.ts';
import { errorText } from '../../ui/error-text.ts';
import { t } from '../../ui/i18n.ts';
import { ListRow, Rows } from '../../ui/list-row.tsx';
import { usePage } from '../../ui/page.ts';
import { Stranger } from '../../ui/stranger.tsx';
import { shortId } from '../../ui/visible-text.ts';
import type { PendingView } from '../../wallet/messages.ts';

function Says({ one }: { one: PendingView }): JSX.Element {
  const { now } = usePage();
  const words = t().wallet.pending;
  if (one.problem !== null) return <Stranger text={`${words.problem}: ${errorText(one.problem)}`} length={240} />;
  return <>{one.validUntilMs !== null && one.validUntilMs < now.value ? words.gone : words.sent}</>;
}

export function Pending({ pending }: { pending: readonly PendingView[] }): JSX.Element | null {
  const isCovered = useCover();
  const words = t().wallet.pending;
  if (pending.length === 0) return null;
  return (
    <div data-testid="pending">
      <Rows label={words.title}>
        {pending.map((one) => (
          <ListRow
            key={one.txId}
            icon={one.problem === null ? 'clock' : 'alert'}
            title={one.lovelace < 0n || one.baseUnits < 0n ? words.out : words.in}
            more={<Says one={one} />}
            value={
              isCovered ? (
                COVER
              ) : one.baseUnits === 0n ? (
                <Ada quantity={one.lovelace} isSigned />
              ) : (
                <Ntx quantity={one.baseUnits} isSigned />
              )
            }
            valueMore={<code>{shortId(one.txId, 6, 4)}</code>}
            testid="pending-row"
            data={{ 'data-tx': one.txId }}
          />
        ))}
      </Rows>
    </div>
  );
}
