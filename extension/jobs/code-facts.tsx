// What a container job runs, in facts: image or base image, packages, what is fetched from where, checkpoints.
import type { JSX } from 'preact';
import type { ContainerProgram } from '@nunet/shared/container-program.ts';
import type { JobSpec } from '@nunet/shared/job-spec.ts';
import { Facts, type Fact } from '../ui/facts.tsx';
import { t, type Catalog } from '../ui/i18n.ts';
import { bytesText, durationText } from '../ui/quantity-text.ts';
import { Stranger } from '../ui/stranger.tsx';
import './code-facts.css';

/** A program in one line. */
export function programText(program: JobSpec['program'], words: Catalog['jobs']['deploy']): string {
  if (program.kind === 'onnx') return words.graph(program.graph);
  const { run } = program;
  return run.type === 'script' ? words.script(run.script, run.base) : words.image(run.image.replace(/@sha256:.*$/, ''));
}

const Code = ({ text }: { text: string }): JSX.Element => (
  <code>
    <Stranger text={text} length={300} />
  </code>
);

const List = ({ items, says }: { items: readonly JSX.Element[]; says?: string }): JSX.Element => (
  <>
    <ul class="code-list">
      {items.map((item, i) => (
        <li key={i}>{item}</li>
      ))}
    </ul>
    {says !== undefined && <small>{says}</small>}
  </>
);

function factsOf({ run, downloads, checkpointEveryMs, resumeFrom }: ContainerProgram): Fact[] {
  const words = t().jobs.code;
  const facts: Fact[] =
    run.type === 'image'
      ? [
          { name: words.image, value: <Code text={run.image} />, testid: 'code-image' },
          ...(run.command.length === 0 ? [] : [{ name: words.command, value: <Code text={run.command.join(' ')} /> }]),
        ]
      : [
          { name: words.script, value: <Code text={[run.script, ...run.arguments].join(' ')} /> },
          { name: words.base, value: <Code text={run.base} />, testid: 'code-base' },
        ];
  if (run.type === 'script' && run.dependencies.length > 0) {
    const packages = run.dependencies.map((name) => <Code text={name} />);
    facts.push({ name: words.packages, value: <List items={packages} says={words.packagesSay} />, testid: 'code-packages' });
  }
  if (downloads.length > 0) {
    const items = downloads.map(({ name, url, bytes }) => (
      <>
        <Code text={name} /> {bytesText(bytes)}: {words.fetchedFrom(new URL(url).hostname)}
      </>
    ));
    facts.push({ name: words.downloads, value: <List items={items} />, testid: 'code-downloads' });
  }
  if (checkpointEveryMs !== null) facts.push({ name: words.checkpoints, value: words.every(durationText(checkpointEveryMs)) });
  if (resumeFrom !== null) facts.push({ name: words.resumes, value: <Code text={resumeFrom} />, testid: 'code-resumes' });
  return facts;
}

export const CodeFacts = ({ program }: { program: ContainerProgram }): JSX.Element => (
  <div class="code-facts" data-testid="code-facts">
    <Facts shape="stacked" label={t().jobs.code.title} facts={factsOf(program)} />
    <p class="hint">{t().jobs.code.noNetwork}</p>
  </div>
);
