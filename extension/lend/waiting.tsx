// What still wants a yes at the machine's terminal, with what to type there.
import type { OwnerStatus } from '@nunet/shared/owner-views.ts';
import type { JSX } from 'preact';
import { Callout } from '../ui/callout.tsx';
import { t } from '../ui/i18n.ts';
import { Moment } from '../ui/moment.tsx';
import { usePage } from '../ui/page.ts';
import { Stranger } from '../ui/stranger.tsx';

export function Waiting({ waiting }: { waiting: OwnerStatus['waiting'] }): JSX.Element | null {
  const { now } = usePage();
  const words = t().lend.waiting;
  if (waiting.length === 0) return null;
  return (
    <Callout tone="wait" icon="clock" title={words.title} role="status" testid="machine-waiting">
      <p>{words.says}</p>
      <ul>
        {waiting.map(({ id, what, untilMs }) => (
          <li key={id}>
            <Stranger text={what} length={300} /> ({words.until} <Moment atMs={untilMs} nowMs={now.value} />)
            <br />
            <code>
              nunet-agent confirm <Stranger text={id} length={20} />
            </code>
          </li>
        ))}
      </ul>
    </Callout>
  );
}
