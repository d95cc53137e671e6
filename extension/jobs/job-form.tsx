// The form of a job file: what may be set of it, what it is in a few facts, and the way to the compute providers. No money moves here.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { routeHash } from '../dashboard/route.ts';
import { useRouter } from '../dashboard/router.ts';
import type { AppState } from '../messages.ts';
import type { Setting } from '../templates/templates.ts';
import { Button } from '../ui/button.tsx';
import { Callout } from '../ui/callout.tsx';
import { Facts } from '../ui/facts.tsx';
import { Field } from '../ui/field.tsx';
import { t } from '../ui/i18n.ts';
import { usePage } from '../ui/page.ts';
import { bytesText, durationText } from '../ui/quantity-text.ts';
import { Stranger } from '../ui/stranger.tsx';
import { Tick } from '../ui/toggle.tsx';
import type { VaultState } from '../vault/messages.ts';
import { CodeFacts, programText } from './code-facts.tsx';
import { useIntoView } from './into-view.ts';
import type { FoundFiles } from './job-folder.ts';
import {
  asksByDefault,
  checkJobFile,
  namedPaths,
  readSettings,
  writeSettings,
  type ReadJobFile,
  type SettingValues,
} from './job-settings.ts';

const MAX_MISSING = 12;
const KEYBOARDS = { text: 'text', amount: 'decimal', whole: 'numeric', number: 'decimal', seconds: 'decimal' } as const;

function JobFacts({ file, files }: { file: ReadJobFile; files: FoundFiles<Blob> | null }): JSX.Element {
  const { program, check, resources } = file;
  const words = t().jobs.deploy;
  const facts = [
    { name: words.program, value: <Stranger text={programText(program, words)} length={160} /> },
    { name: words.inputs, value: words.files(Object.keys(file.inputs).length, files === null ? null : bytesText(files.bytes)) },
    { name: words.needs, value: words.threads(resources.cpus, bytesText(resources.memoryBytes), durationText(file.timeLimitMs)) },
    { name: words.check, value: check.type === 'score' ? words.checks.score(check.atLeast) : words.checks[check.type] },
    { name: words.replay, value: words.replays[file.replay] },
  ];
  return (
    <div class="job-facts">
      <Facts shape="inline" facts={facts} />
      {program.kind === 'container' && <CodeFacts program={program} />}
    </div>
  );
}

/** Why nobody can be asked now; null when they can. */
function hindrance(app: AppState | null, vault: VaultState | null): 'connect' | 'no-record' | 'locked' | null {
  if (app === null) return null;
  if (app.network.state !== 'ready') return 'connect';
  if (app.network.record === null) return 'no-record';
  return vault?.state === 'locked' ? 'locked' : null;
}

function Hint({ because }: { because: ReturnType<typeof hindrance> }): JSX.Element {
  const { isUnlocking } = useRouter();
  const words = t().jobs.deploy;
  switch (because) {
    case 'connect':
      return (
        <span class="hint">
          <a href={routeHash({ view: 'connect', devnetUrl: '' })}>{words.connectFirst}</a>
        </span>
      );
    case 'no-record':
      return <span class="hint">{words.noRecord}</span>;
    case 'locked':
      return (
        <Button kind="quiet" size="small" icon="lock" onClick={() => (isUnlocking.value = true)}>
          {words.unlockFirst}
        </Button>
      );
    case null:
      return <span class="hint">{words.noMoneyYet}</span>;
  }
}

export interface JobFormProps {
  /** The job file as it is, and which of its fields may be set. */
  text: string;
  settings: readonly Setting[];
  /** Null while the files are only known by name. */
  filesFor: (paths: readonly string[]) => FoundFiles<Blob> | null;
  loadFiles: (paths: readonly string[]) => Promise<{ path: string; blob: Blob }[]>;
}

export function JobForm({ text, settings, filesFor, loadFiles }: JobFormProps): JSX.Element {
  const { runner, vault, act } = usePage();
  const { go } = useRouter();
  const place = useIntoView<HTMLFormElement>();
  const values = useSignal<SettingValues>(readSettings(text, settings));
  const asks = useSignal<boolean | null>(null);
  const isBusy = useSignal(false);
  const words = t().jobs;
  const written = writeSettings(text, settings, values.value);
  const checked = checkJobFile(written, settings, words.settings);
  const files = checked.file === null ? null : filesFor(namedPaths(checked.file));
  const missing = files?.missing ?? [];
  const because = hindrance(runner.app.value, vault.state.value);
  const mayFind = checked.file !== null && missing.length === 0 && runner.app.value !== null && because === null && !isBusy.value;
  const asksNow = asks.value ?? (checked.file !== null && asksByDefault(checked.file));
  const problemOf = (name: string): string | null => (checked.file === null ? (checked.bySetting[name] ?? null) : null);
  const find = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (checked.file === null || !mayFind) return;
    const paths = namedPaths(checked.file);
    isBusy.value = true;
    await act(async () => {
      const { jobId } = await runner.ask({ type: 'prepare', jobFile: written, files: await loadFiles(paths), askBeforeAnswer: asksNow });
      go({ view: 'job', jobId });
    });
    isBusy.value = false;
  };
  return (
    <form ref={place} class="card" onSubmit={(event) => void find(event)}>
      <div class="fields">
        {settings
          .filter(({ name }) => values.value[name] !== '' || text.includes(name))
          .map(({ name, kind }) => (
            <Field
              key={name}
              name={name}
              label={words.settings[name]}
              isWide={kind === 'text'}
              value={values.value[name] ?? ''}
              inputMode={KEYBOARDS[kind]}
              maxLength={kind === 'text' ? 120 : 20}
              error={problemOf(name)}
              testid={`setting-${name}`}
              onInput={(value) => (values.value = { ...values.value, [name]: value })}
            />
          ))}
      </div>
      {checked.file === null && checked.lines.length > 0 && (
        <Callout tone="bad" role="alert" testid="form-errors">
          <ul class="lines">
            {checked.lines.map((line) => (
              <li key={line}>
                <Stranger text={line} length={300} />
              </li>
            ))}
          </ul>
        </Callout>
      )}
      {missing.length > 0 && (
        <Callout tone="bad" role="alert" testid="form-errors">
          <span class="lines">
            <span>{words.deploy.missing(missing.length)}</span>
            {missing.slice(0, MAX_MISSING).map((path) => (
              <code key={path}>
                <Stranger text={path} length={120} />
              </code>
            ))}
          </span>
        </Callout>
      )}
      {checked.file !== null && <JobFacts file={checked.file} files={files} />}
      <Tick
        label={words.deploy.askMe}
        hint={words.deploy.askMeHint}
        isOn={asksNow}
        testid="ask-before-answer"
        onChange={(isOn) => (asks.value = isOn)}
      />
      <div class="actions">
        <Button type="submit" kind="primary" testid="find" isDisabled={!mayFind}>
          {isBusy.value ? words.deploy.finding : words.deploy.find}
        </Button>
        <Hint because={because} />
      </div>
    </form>
  );
}
