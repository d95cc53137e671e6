// New job: a template or a dropped job file, its settings, and the way to the compute providers. No money moves here.
import { useSignal } from '@preact/signals';
import type { JSX, RefObject } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { templateFile, TEMPLATES, COMMON_SETTINGS, type Setting } from '../templates/templates.ts';
import { Icon, type IconName } from '../ui/icons.tsx';
import { usePage } from '../ui/page.ts';
import { useRouter } from '../ui/router.ts';
import { bytesText, durationText } from '../ui/quantity-text.ts';
import { routeHash } from '../ui/route.ts';
import { Stranger } from '../ui/stranger.tsx';
import { findNamed, jobFileCandidates, looksLikeJobFile, type DroppedFile, type FoundFiles } from './job-folder.ts';
import {
  asksByDefault,
  checkJobFile,
  namedPaths,
  readSettings,
  writeSettings,
  type ReadJobFile,
  type SettingValues,
} from './job-settings.ts';
import { readChosen, readDropped } from './read-dropped.ts';

const ICONS: Readonly<Record<string, IconName>> = { digits: 'digit', speech: 'wave' };

function Cards({ chosen }: { chosen: string | null }): JSX.Element {
  return (
    <div class="cards" role="group" aria-label="What to run">
      {TEMPLATES.map(({ id, title, says, gives }) => (
        <a
          key={id}
          class="card pick"
          href={routeHash({ view: 'new', template: id })}
          aria-current={chosen === id ? 'true' : undefined}
          data-testid={`template-${id}`}
        >
          <Icon name={ICONS[id] ?? 'list'} size={26} />
          <strong>{title}</strong>
          <span>{says}</span>
          <small>Gives {gives}</small>
        </a>
      ))}
      <a
        class="card pick"
        href={routeHash({ view: 'new', template: 'file' })}
        aria-current={chosen === 'file' ? 'true' : undefined}
        data-testid="template-file"
      >
        <Icon name="folder" size={26} />
        <strong>A job file of yours</strong>
        <span>A folder with a job.json beside the files it names: an ONNX graph and its inputs, any data, any metric.</span>
        <small>Gives whatever your graph gives</small>
      </a>
    </div>
  );
}

interface SettingFieldProps {
  setting: Setting;
  value: string;
  problem: string | undefined;
  onInput: (value: string) => void;
}

function SettingField({ setting, value, problem, onInput }: SettingFieldProps): JSX.Element {
  const { name, label, kind } = setting;
  return (
    <label class={kind === 'text' ? 'wide' : undefined}>
      <span>{label}</span>
      <input
        name={name}
        value={value}
        inputMode={kind === 'text' ? 'text' : kind === 'whole' ? 'numeric' : 'decimal'}
        maxLength={kind === 'text' ? 120 : 20}
        autocomplete="off"
        spellcheck={false}
        aria-invalid={problem !== undefined}
        aria-describedby={problem === undefined ? undefined : `${name}-problem`}
        data-testid={`setting-${name}`}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      <small id={`${name}-problem`} class="problem">
        {problem === undefined ? '' : <Stranger text={problem} length={200} />}
      </small>
    </label>
  );
}

function Facts({ file, files }: { file: ReadJobFile; files: FoundFiles<Blob> | null }): JSX.Element {
  const { program, check, resources } = file;
  const checks = {
    score: check.type === 'score' ? `scored here, at least ${check.atLeast}` : '',
    equals: 'must equal expected files',
    none: 'none: you are asked',
  };
  return (
    <dl class="facts inline">
      <div>
        <dt>Program</dt>
        <dd>{program.kind === 'onnx' ? `ONNX graph ${program.graph}` : 'container image'}</dd>
      </div>
      <div>
        <dt>Inputs</dt>
        <dd>
          {Object.keys(file.inputs).length} files{files === null ? '' : `, ${bytesText(files.bytes)} in all`}
        </dd>
      </div>
      <div>
        <dt>Needs</dt>
        <dd>
          {resources.cpus} {resources.cpus === 1 ? 'thread' : 'threads'}, {bytesText(resources.memoryBytes)} memory,{' '}
          {durationText(file.timeLimitMs)}
        </dd>
      </div>
      <div>
        <dt>Check</dt>
        <dd>{checks[check.type]}</dd>
      </div>
      <div>
        <dt>Replay</dt>
        <dd>{file.replay}</dd>
      </div>
    </dl>
  );
}

interface JobFormProps {
  /** The job file as it is, and which of its fields may be set. */
  text: string;
  settings: readonly Setting[];
  /** Null while the files are only known by name. */
  filesFor: (paths: readonly string[]) => FoundFiles<Blob> | null;
  loadFiles: (paths: readonly string[]) => Promise<{ path: string; blob: Blob }[]>;
}

/** The form of a chosen card comes into view where the cards fill a small screen. */
function useShown<Shown extends HTMLElement>(): RefObject<Shown | null> {
  const place = useRef<Shown>(null);
  useEffect(() => place.current?.scrollIntoView({ block: 'nearest' }), []);
  return place;
}

function JobForm({ text, settings, filesFor, loadFiles }: JobFormProps): JSX.Element {
  const { runner, act } = usePage();
  const { go } = useRouter();
  const place = useShown<HTMLFormElement>();
  const values = useSignal<SettingValues>(readSettings(text, settings));
  const asks = useSignal<boolean | null>(null);
  const isBusy = useSignal(false);
  const written = writeSettings(text, settings, values.value);
  const checked = checkJobFile(written, settings);
  const files = checked.file === null ? null : filesFor(namedPaths(checked.file));
  const missing = files?.missing ?? [];
  const app = runner.app.value;
  const isReady = app?.network.state === 'ready';
  const mayFind = checked.file !== null && missing.length === 0 && isReady && !isBusy.value;
  const asksNow = asks.value ?? (checked.file !== null && asksByDefault(checked.file));
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
          .map((setting) => (
            <SettingField
              key={setting.name}
              setting={setting}
              value={values.value[setting.name] ?? ''}
              problem={checked.file === null ? checked.bySetting[setting.name] : undefined}
              onInput={(value) => (values.value = { ...values.value, [setting.name]: value })}
            />
          ))}
      </div>
      {checked.file === null && checked.lines.length > 0 && (
        <ul class="message bad lines" role="alert" data-testid="form-errors">
          {checked.lines.map((line) => (
            <li key={line}>
              <Stranger text={line} length={300} />
            </li>
          ))}
        </ul>
      )}
      {missing.length > 0 && (
        <div class="message bad lines" role="alert" data-testid="form-errors">
          <span>
            The job file names {missing.length === 1 ? 'a file that is' : `${missing.length} files that are`} not here. Drop the whole
            folder:
          </span>
          {missing.slice(0, 12).map((path) => (
            <code key={path}>
              <Stranger text={path} length={120} />
            </code>
          ))}
        </div>
      )}
      {checked.file !== null && <Facts file={checked.file} files={files} />}
      <label class="tick">
        <input
          type="checkbox"
          checked={asksNow}
          data-testid="ask-before-answer"
          onChange={(event) => (asks.value = event.currentTarget.checked)}
        />
        <span>
          Ask me before answering
          <small>Otherwise the job’s own check acknowledges or disputes the result by itself, whether this page is open or not.</small>
        </span>
      </label>
      <div class="actions">
        <button class="primary" data-testid="find" disabled={!mayFind}>
          {isBusy.value ? 'Reading and hashing the files' : 'Find compute providers'}
        </button>
        {app !== null && !isReady && (
          <span class="hint">
            <a href={routeHash({ view: 'connect', devnetUrl: '' })}>Connect to a devnet</a> first.
          </span>
        )}
        {isReady && <span class="hint">Nothing is locked yet: you see prices first.</span>}
      </div>
    </form>
  );
}

async function fetchOwn(path: string): Promise<Response> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path} is not in this build of the extension`);
  return response;
}

function TemplateForm({ id, settings }: { id: string; settings: readonly Setting[] }): JSX.Element {
  const { act } = usePage();
  const text = useSignal<string | null>(null);
  useEffect(() => {
    void act(async () => (text.value = await (await fetchOwn(templateFile(id, 'job.json'))).text()));
  }, [id]);
  if (text.value === null) return <div class="card skeleton form" aria-busy="true" aria-label="The template is being read" />;
  const loadFiles = (paths: readonly string[]): Promise<{ path: string; blob: Blob }[]> =>
    Promise.all(paths.map(async (path) => ({ path, blob: await (await fetchOwn(templateFile(id, path))).blob() })));
  return <JobForm text={text.value} settings={settings} filesFor={() => null} loadFiles={loadFiles} />;
}

interface OwnJob {
  text: string;
  path: string;
  files: DroppedFile[];
}

/** The job file among dropped files: the first that looks like one. */
async function findJobFile(files: DroppedFile[]): Promise<OwnJob | null> {
  const candidates = jobFileCandidates(files);
  for (const { path, content } of candidates) {
    const text = await content.text();
    // A broken job.json is still the job file: it is shown with what is wrong.
    if (looksLikeJobFile(text)) return { text, path, files };
  }
  return null;
}

function OwnJobForm(): JSX.Element {
  const place = useShown<HTMLDivElement>();
  const job = useSignal<OwnJob | null>(null);
  const says = useSignal('');
  const isOver = useSignal(false);
  const take = async (files: DroppedFile[]): Promise<void> => {
    // What was chosen before may hold the job file or the rest of its files.
    const before = (job.value?.files ?? []).filter(({ path }) => !files.some((file) => file.path === path));
    const all = [...files, ...before];
    const found = await findJobFile(all);
    job.value = found;
    says.value =
      found === null ? `No job file among ${all.length} files: want a JSON file with "program" and "inputs", such as job.json.` : '';
  };
  return (
    <>
      <div
        ref={place}
        class={`drop ${isOver.value ? 'over' : ''}`}
        onDragOver={(event) => {
          event.preventDefault();
          isOver.value = true;
        }}
        onDragLeave={() => (isOver.value = false)}
        onDrop={(event) => {
          event.preventDefault();
          isOver.value = false;
          if (event.dataTransfer !== null) void readDropped(event.dataTransfer).then(take);
        }}
      >
        <Icon name="folder" size={28} />
        <p>
          Drop a folder or files here: the job file and everything it names. They stay in this browser until a compute provider is paid to
          read them.
        </p>
        <div class="actions">
          <label class="button">
            Choose files
            <input
              type="file"
              multiple
              class="away"
              data-testid="drop-files"
              onChange={({ currentTarget }) => void take(readChosen(currentTarget.files ?? new DataTransfer().files))}
            />
          </label>
          <label class="button">
            Choose a folder
            <input
              type="file"
              class="away"
              data-testid="drop-folder"
              ref={(input) => input?.setAttribute('webkitdirectory', '')}
              onChange={({ currentTarget }) => void take(readChosen(currentTarget.files ?? new DataTransfer().files))}
            />
          </label>
        </div>
      </div>
      {says.value !== '' && (
        <p class="message bad" role="alert" data-testid="form-errors">
          <Icon name="alert" /> {says.value}
        </p>
      )}
      {job.value !== null && <OwnJobSettings key={job.value.text} job={job.value} />}
    </>
  );
}

function OwnJobSettings({ job }: { job: OwnJob }): JSX.Element {
  const named = (paths: readonly string[]): FoundFiles<File> => findNamed(job.path, paths, job.files);
  return (
    <>
      <p class="hint">
        Job file <code>{<Stranger text={job.path} length={120} />}</code>
      </p>
      <JobForm
        text={job.text}
        settings={COMMON_SETTINGS}
        filesFor={named}
        loadFiles={(paths) => Promise.resolve(named(paths).found.map(({ path, content }) => ({ path, blob: content })))}
      />
    </>
  );
}

export function NewJob({ template }: { template: string | null }): JSX.Element {
  const known = TEMPLATES.find(({ id }) => id === template);
  return (
    <div class="stack">
      <h1>New job</h1>
      <Cards chosen={template} />
      {known !== undefined && <TemplateForm id={known.id} settings={known.settings} />}
      {template === 'file' && <OwnJobForm />}
    </div>
  );
}
