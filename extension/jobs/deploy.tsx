// Deploy: what to run. A template or a job file of one's own, then its form.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { routeHash } from '../dashboard/route.ts';
import { templateFile, TEMPLATES, type Setting, type Template } from '../templates/templates.ts';
import '../ui/card.css';
import { t } from '../ui/i18n.ts';
import { Icon, type IconName } from '../ui/icons.tsx';
import { PageHeader } from '../ui/page-header.tsx';
import { usePage } from '../ui/page.ts';
import { Skeleton } from '../ui/skeleton.tsx';
import './deploy.css';
import { JobForm } from './job-form.tsx';
import { OwnJobForm } from './own-job-form.tsx';

type Choice = Template['id'] | 'file';
const ICONS: Readonly<Record<Choice, IconName>> = { digits: 'digit', speech: 'wave', file: 'folder' };
const CHOICES: readonly Choice[] = [...TEMPLATES.map(({ id }) => id), 'file'];

function Cards({ chosen }: { chosen: string | null }): JSX.Element {
  return (
    <div class="cards" role="group" aria-label={t().jobs.deploy.what}>
      {CHOICES.map((id) => {
        const { title, says, gives } = t().jobs.templates[id];
        return (
          <a
            key={id}
            class="card pick"
            href={routeHash({ view: 'deploy', template: id })}
            aria-current={chosen === id ? 'true' : undefined}
            data-testid={`template-${id}`}
          >
            <Icon name={ICONS[id]} size={26} />
            <strong>{title}</strong>
            <span>{says}</span>
            <small>{gives}</small>
          </a>
        );
      })}
    </div>
  );
}

async function fetchOwn(path: string): Promise<Response> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(t().jobs.deploy.templateMissing(path));
  return response;
}

function TemplateForm({ id, settings }: { id: string; settings: readonly Setting[] }): JSX.Element {
  const { act } = usePage();
  const text = useSignal<string | null>(null);
  useEffect(() => {
    void act(async () => (text.value = await (await fetchOwn(templateFile(id, 'job.json'))).text()));
  }, [id]);
  if (text.value === null) return <Skeleton label={t().jobs.deploy.templateReading} shape="rows" />;
  const loadFiles = (paths: readonly string[]): Promise<{ path: string; blob: Blob }[]> =>
    Promise.all(paths.map(async (path) => ({ path, blob: await (await fetchOwn(templateFile(id, path))).blob() })));
  return <JobForm text={text.value} settings={settings} filesFor={() => null} loadFiles={loadFiles} />;
}

export function Deploy({ template }: { template: string | null }): JSX.Element {
  const known = TEMPLATES.find(({ id }) => id === template);
  return (
    <div class="stack">
      <PageHeader title={t().shell.nav.deploy} lead={t().jobs.deploy.lead} />
      <Cards chosen={template} />
      {known !== undefined && <TemplateForm id={known.id} settings={known.settings} />}
      {template === 'file' && <OwnJobForm />}
    </div>
  );
}
