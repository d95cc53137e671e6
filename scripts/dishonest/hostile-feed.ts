// Cheats with words: a million log lines at once, a log without an end, and text that would act if a page took it for more than text.
import { JobFeed } from '@nunet/node-agent/job-feed.ts';

type Follow = JobFeed['follow'];
type Said = ReturnType<Follow> extends AsyncGenerator<infer Event> ? Event : never;

/** Replaces the log of every job by `lines`, from the moment the job runs; everything else stays honest. */
function speak(lines: () => Iterable<string>, change: (event: Said) => Said = (event) => event): void {
  // oxlint-disable-next-line typescript/unbound-method -- called with a `this` below
  const honest = JobFeed.prototype.follow;
  const follow: Follow = async function* (this: JobFeed, fromEvent, fromLog, signal) {
    // Past the honest log, so that none of it is said.
    for await (const event of honest.call(this, fromEvent, Number.MAX_SAFE_INTEGER, signal)) {
      yield change(event);
      if (event.type !== 'state' || event.state !== 'running') continue;
      let offset = 0;
      for (const line of lines()) {
        signal.throwIfAborted();
        if (offset >= fromLog) yield { type: 'log', offset, line };
        offset += 1;
      }
    }
  };
  JobFeed.prototype.follow = follow;
}

const FLOOD = 1_000_000;

export const floodLog = (): void =>
  speak(function* () {
    for (let line = 0; line < FLOOD; line += 1) yield `line ${line}`;
  });

export const neverEndLog = (): void =>
  speak(function* () {
    for (let line = 0; ; line += 1) yield `still here ${line}`;
  });

/** Each would do something somewhere: in a page, in a terminal, to the order in which letters are read. */
export const HOSTILE_TEXTS = [
  '<img src=x onerror="document.title=\'owned\'">',
  '<script>document.title="owned"</script>',
  '"><a href="javascript:document.title=\'owned\'">click</a>',
  '\u001b[2J\u001b[31mred\u001b]0;owned\u0007',
  'safe\u202etxt.exe\u202c',
  `long ${'x'.repeat(1_900)}`,
  '{{constructor.constructor("document.title=\'owned\'")()}}',
] as const;

export const speakMarkup = (): void => {
  const [name] = HOSTILE_TEXTS;
  speak(
    () => HOSTILE_TEXTS,
    (event) => {
      if (event.type === 'state') return { ...event, detail: name };
      if (event.type === 'progress') return { ...event, metrics: [{ name, value: 1 }, ...event.metrics].slice(0, 32) };
      return event;
    },
  );
};
