// A job file of one's own: dropped or chosen with the files that it names.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { COMMON_SETTINGS } from '../templates/templates.ts';
import '../ui/button.css';
import { Callout } from '../ui/callout.tsx';
import { t } from '../ui/i18n.ts';
import { Icon } from '../ui/icons.tsx';
import { Stranger } from '../ui/stranger.tsx';
import { useIntoView } from './into-view.ts';
import { JobForm } from './job-form.tsx';
import { findNamed, jobFileCandidates, looksLikeJobFile, type DroppedFile, type FoundFiles } from './job-folder.ts';
import { readChosen, readDropped } from './read-dropped.ts';

interface OwnJob {
  text: string;
  path: string;
  files: DroppedFile[];
}

/** The job file among dropped files: the first that looks like one. */
async function findJobFile(files: DroppedFile[]): Promise<OwnJob | null> {
  for (const { path, content } of jobFileCandidates(files)) {
    const text = await content.text();
    // A broken job.json is still the job file: it is shown with what is wrong.
    if (looksLikeJobFile(text)) return { text, path, files };
  }
  return null;
}

function OwnJobSettings({ job }: { job: OwnJob }): JSX.Element {
  const named = (paths: readonly string[]): FoundFiles<File> => findNamed(job.path, paths, job.files);
  return (
    <>
      <p class="hint">
        {t().jobs.deploy.jobFile}{' '}
        <code>
          <Stranger text={job.path} length={120} />
        </code>
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

export function OwnJobForm(): JSX.Element {
  const place = useIntoView<HTMLDivElement>();
  const job = useSignal<OwnJob | null>(null);
  /** Files among which no job file was found; null: one was, or none were dropped. */
  const inVain = useSignal<number | null>(null);
  const isOver = useSignal(false);
  const words = t().jobs.deploy;
  const take = async (files: DroppedFile[]): Promise<void> => {
    // What was chosen before may hold the job file or the rest of its files.
    const before = (job.value?.files ?? []).filter(({ path }) => !files.some((file) => file.path === path));
    const all = [...files, ...before];
    job.value = await findJobFile(all);
    inVain.value = job.value === null ? all.length : null;
  };
  const choose = ({ currentTarget }: { currentTarget: HTMLInputElement }): void =>
    void take(readChosen(currentTarget.files ?? new DataTransfer().files));
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
        <p>{words.drop}</p>
        <div class="actions">
          <label class="button">
            {words.chooseFiles}
            <input type="file" multiple class="away" data-testid="drop-files" onChange={choose} />
          </label>
          <label class="button">
            {words.chooseFolder}
            <input
              type="file"
              class="away"
              data-testid="drop-folder"
              ref={(input) => input?.setAttribute('webkitdirectory', '')}
              onChange={choose}
            />
          </label>
        </div>
      </div>
      {inVain.value !== null && (
        <Callout tone="bad" role="alert" testid="form-errors">
          {words.noJobFile(inVain.value)}
        </Callout>
      )}
      {job.value !== null && <OwnJobSettings key={job.value.text} job={job.value} />}
    </>
  );
}
