// Outputs of a job: how far each has come, that it was verified, and how to save it.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { isJobEnd } from '@nunet/shared/job-state.ts';
import type { JobRecord } from '@nunet/shared/job-flow/job-record.ts';
import { areSealed, readableOutputs } from '@nunet/shared/job-flow/readable-outputs.ts';
import type { LiveState, OutputState } from '../messages.ts';
import { Button } from '../ui/button.tsx';
import { Card } from '../ui/card.tsx';
import { CopyButton } from '../ui/copy-button.tsx';
import { t } from '../ui/i18n.ts';
import { Icon } from '../ui/icons.tsx';
import { usePage } from '../ui/page.ts';
import { Progress } from '../ui/progress.tsx';
import { bytesText } from '../ui/quantity-text.ts';
import { saveBlob } from '../ui/save-blob.ts';
import { shortId } from '../ui/visible-text.ts';
import './outputs.css';

interface OutputProps {
  output: OutputState;
  cid: string | undefined;
  isSaving: boolean;
  onSave: () => void;
}

function Output({ output, cid, isSaving, onSave }: OutputProps): JSX.Element {
  const { name, bytes, doneBytes, isStored } = output;
  const words = t().jobs.outputs;
  return (
    <li data-testid={`output-${name}`} data-stored={isStored}>
      <div class="output-name">
        <strong>{name}</strong>
        <span>{isStored ? bytesText(bytes) : words.of(bytesText(doneBytes), bytesText(bytes))}</span>
      </div>
      {isStored ? (
        <span class="verified" data-testid={`output-verified-${name}`}>
          <Icon name="check" size={16} /> {words.verified}
        </span>
      ) : (
        <Progress label={words.received(name)} done={doneBytes} total={bytes} />
      )}
      <div class="output-foot">
        {cid !== undefined && (
          <span class="cid">
            <code title={cid}>{shortId(cid, 10, 8)}</code>
            <CopyButton text={cid} what={words.cid(name)} />
          </span>
        )}
        <Button size="small" icon="save" testid={`output-save-${name}`} isDisabled={!isStored || isSaving} onClick={onSave}>
          {words.save}
        </Button>
      </div>
    </li>
  );
}

/** Why there is nothing to list. */
function nothing({ manifest, job }: JobRecord): string {
  const words = t().jobs.outputs;
  if (manifest !== undefined) return words.noneNamed;
  return isJobEnd(job) ? words.noneSigned : words.later;
}

export function Outputs({ record, live }: { record: JobRecord; live: LiveState }): JSX.Element {
  const { runner, act } = usePage();
  const saving = useSignal<string | null>(null);
  const words = t().jobs.outputs;
  const readable = readableOutputs(record);
  const named = (record.manifest?.body.outputs ?? []).map((sent) => readable.find(({ name }) => name === sent.name) ?? sent);
  const outputs: OutputState[] = named.map(
    ({ name, bytes }) => live.outputs.find((output) => output.name === name) ?? { name, bytes, doneBytes: 0, isStored: false },
  );
  const stored = outputs.filter(({ isStored }) => isStored);
  const save = async (names: readonly string[]): Promise<void> => {
    for (const name of names) {
      saving.value = name;
      const isSaved = await act(async () => saveBlob((await runner.ask({ type: 'output', jobId: record.jobId, name })).blob, name));
      if (!isSaved) break;
    }
    saving.value = null;
  };
  return (
    <Card
      title={words.title}
      actions={
        stored.length > 1 ? (
          <Button kind="quiet" size="small" icon="save" testid="save-all" onClick={() => void save(stored.map(({ name }) => name))}>
            {words.saveAll}
          </Button>
        ) : undefined
      }
    >
      {outputs.length === 0 && <p class="hint">{nothing(record)}</p>}
      {areSealed(record) && (
        <p class="hint" data-testid="outputs-sealed">
          {words.sealed}
        </p>
      )}
      <ul class="outputs">
        {outputs.map((output) => (
          <Output
            key={output.name}
            output={output}
            cid={named.find(({ name }) => name === output.name)?.cid}
            isSaving={saving.value !== null}
            onSave={() => void save([output.name])}
          />
        ))}
      </ul>
    </Card>
  );
}
