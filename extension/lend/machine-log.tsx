// The log of a job on an own machine: its end first, earlier lines on demand.
import { useSignal } from '@preact/signals';
import { safeError } from '@nunet/shared/errors.ts';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Button } from '../ui/button.tsx';
import { Callout } from '../ui/callout.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { errorText, type SaidNo } from '../ui/error-text.ts';
import { t } from '../ui/i18n.ts';
import { usePage } from '../ui/page.ts';
import { Skeleton } from '../ui/skeleton.tsx';
import { visibleText } from '../ui/visible-text.ts';
import './machine.css';

const PAGE = 100;
const MAX_LINE = 2_000;

interface Part {
  from: number;
  lines: string[];
  total: number;
}

export function MachineLog({ peerId, jobId, onClose }: { peerId: string; jobId: string; onClose: () => void }): JSX.Element {
  const { runner } = usePage();
  const words = t().lend.log;
  const part = useSignal<Part | null>(null);
  const no = useSignal<SaidNo | null>(null);
  const ask = async (fromLine: number, lines: number) => {
    const answer = await runner.ask({ type: 'machine-order', peerId, order: { type: 'logs', jobId, fromLine, lines } });
    if (answer.type !== 'logs') throw new TypeError('another answer');
    return answer.log;
  };
  const read = async (work: () => Promise<Part>): Promise<void> => {
    try {
      part.value = await work();
    } catch (error) {
      no.value = safeError(error);
    }
  };
  useEffect(() => {
    void read(async () => {
      const { total } = await ask(0, 1);
      const from = Math.max(0, total - PAGE);
      return { from, lines: total === 0 ? [] : (await ask(from, PAGE)).lines, total };
    });
  }, [jobId]);
  const earlier = ({ from, lines, total }: Part): Promise<void> =>
    read(async () => {
      const start = Math.max(0, from - PAGE);
      const log = await ask(start, from - start);
      return { from: start, lines: [...log.lines, ...lines], total };
    });
  const now = part.value;
  return (
    <Dialog title={words.title} onClose={onClose} isWide testid="machine-log">
      <div class="stack">
        {no.value !== null && (
          <Callout tone="bad" role="alert" code={no.value.code}>
            <bdi>{visibleText(errorText(no.value), 400)}</bdi>
          </Callout>
        )}
        {now === null && no.value === null && <Skeleton label={t().shell.parts.reading} shape="rows" />}
        {now !== null && now.lines.length === 0 && <p>{words.none}</p>}
        {now !== null && now.lines.length > 0 && (
          <>
            <div class="actions">
              <span class="hint">{words.shown(now.from + 1, now.from + now.lines.length, now.total)}</span>
              {now.from > 0 && (
                <Button size="small" onClick={() => void earlier(now)}>
                  {words.earlier}
                </Button>
              )}
            </div>
            <pre class="machine-log" tabIndex={0} data-testid="machine-log-lines">
              {now.lines.map((line) => `${visibleText(line, MAX_LINE)}\n`).join('')}
            </pre>
          </>
        )}
      </div>
    </Dialog>
  );
}
