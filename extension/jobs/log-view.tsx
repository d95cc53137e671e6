// The log of a job: only the rows in view exist, lines are read by their offset, and the view follows the end until somebody scrolls up.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import { Button } from '../ui/button.tsx';
import '../ui/card.css';
import { t } from '../ui/i18n.ts';
import { usePage } from '../ui/page.ts';
import { countText } from '../ui/quantity-text.ts';
import { visibleText } from '../ui/visible-text.ts';
import './log-view.css';
import { LogWindow } from './log-window.ts';

/** As in log-view.css. */
const ROW_PX = 20;
const VIEW_PX = 320;
const SPARE_ROWS = 10;
const MAX_LINE = 2_000;

export function LogView({ jobId, kept, isOver }: { jobId: string; kept: number; isOver: boolean }): JSX.Element {
  const { runner } = usePage();
  const log = useRef(new LogWindow()).current;
  const place = useRef<HTMLDivElement>(null);
  const isReading = useRef(false);
  const follows = useSignal(true);
  const top = useSignal(0);
  const version = useSignal(0);
  log.grow(kept);
  const first = Math.max(0, Math.floor(top.value / ROW_PX) - SPARE_ROWS);
  const last = first + Math.ceil(VIEW_PX / ROW_PX) + 2 * SPARE_ROWS;
  // Read, so that new lines draw anew.
  void version.value;

  useEffect(
    () =>
      runner.onLines((from, lines) => {
        log.put(from, lines);
        version.value += 1;
      }),
    [jobId],
  );

  const { total } = log;
  useLayoutEffect(() => {
    const element = place.current;
    if (element === null || !follows.value) return;
    element.scrollTop = element.scrollHeight;
    top.value = element.scrollTop;
  }, [total, follows.value]);

  useEffect(() => {
    const from = log.missing(first, last);
    if (from === null || isReading.current) return;
    isReading.current = true;
    runner
      .ask({ type: 'log', jobId, from })
      .then(
        (answer) => {
          log.put(answer.from, answer.lines);
          // Nothing more to read is no reason to ask again at once.
          return answer.lines.length > 0;
        },
        // The next line or scroll asks again.
        () => false,
      )
      .then((isMore) => {
        isReading.current = false;
        if (isMore) version.value += 1;
      })
      .catch(() => undefined);
  }, [first, last, total, version.value]);

  const onScroll = (): void => {
    const element = place.current;
    if (element === null) return;
    top.value = element.scrollTop;
    follows.value = element.scrollTop + element.clientHeight >= element.scrollHeight - ROW_PX;
  };
  const words = t().jobs.log;
  const digits = String(Math.max(1, total)).length;
  return (
    <section class="card" aria-labelledby="log-title">
      <div class="heading">
        <h2 id="log-title">
          {words.title} <small>{words.lines(countText(total), total === 1)}</small>
        </h2>
        <Button
          kind="quiet"
          size="small"
          icon="down"
          testid="log-follow"
          isPressed={follows.value}
          onClick={() => (follows.value = !follows.value)}
        >
          {words.follow}
        </Button>
      </div>
      <div
        ref={place}
        class="log"
        tabIndex={0}
        role="region"
        aria-labelledby="log-title"
        data-testid="log"
        data-lines={total}
        onScroll={onScroll}
      >
        {total === 0 && <p class="none">{isOver ? words.none : words.noneYet}</p>}
        <div class="log-space" style={{ height: `${total * ROW_PX}px` }}>
          {log.slice(first, last).map(({ offset, line }) => (
            <div key={offset} class="log-line" style={{ top: `${offset * ROW_PX}px` }} data-testid="log-line" data-offset={offset}>
              <span class="offset" aria-hidden="true" style={{ minWidth: `${digits}ch` }}>
                {offset + 1}
              </span>
              <bdi>{line === undefined ? '' : visibleText(line, MAX_LINE)}</bdi>
            </div>
          ))}
        </div>
      </div>
    </section>
  );
}
