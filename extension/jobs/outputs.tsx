// Outputs of a job: how far each has come, that it was verified, and how to save it.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { isJobEnd } from '@nunet/shared/job-state.ts';
import type { JobRecord } from '@nunet/shared/job-flow/job-record.ts';
import { areSealed, readableOutputs } from '@nunet/shared/job-flow/readable-outputs.ts';
import type { LiveState, OutputState } from '../messages.ts';
import { CopyButton } from '../ui/copy-button.tsx';
import { Icon } from '../ui/icons.tsx';
import { usePage } from '../ui/page.ts';
import { bytesText } from '../ui/quantity-text.ts';
import { saveBlob } from '../ui/save-blob.ts';
import { shortId } from '../ui/visible-text.ts';

interface OutputProps {
  output: OutputState;
  cid: string | undefined;
  isSaving: boolean;
  onSave: () => void;
}

function Output({ output, cid, isSaving, onSave }: OutputProps): JSX.Element {
  const { name, bytes, doneBytes, isStored } = output;
  return (
    <li data-testid={`output-${name}`} data-stored={isStored}>
      <div class="output-name">
        <strong>{name}</strong>
        <span>{isStored ? bytesText(bytes) : `${bytesText(doneBytes)} of ${bytesText(bytes)}`}</span>
      </div>
      {isStored ? (
        <span class="verified" data-testid={`output-verified-${name}`}>
          <Icon name="check" size={16} /> Verified against the signed manifest
        </span>
      ) : (
        <progress max={Math.max(1, bytes)} value={doneBytes} aria-label={`${name} received`} />
      )}
      <div class="output-foot">
        {cid !== undefined && (
          <span class="cid">
            <code title={cid}>{shortId(cid, 10, 8)}</code>
            <CopyButton text={cid} what={`the CID of ${name}`} />
          </span>
        )}
        <button type="button" data-testid={`output-save-${name}`} disabled={!isStored || isSaving} onClick={onSave}>
          <Icon name="save" size={16} /> Save
        </button>
      </div>
    </li>
  );
}

/** Why there is nothing to list. */
function nothing({ manifest, job }: JobRecord): string {
  if (manifest !== undefined) return 'The signed result names no outputs.';
  return isJobEnd(job) ? 'There are none: no result was signed.' : 'They are listed once the compute provider has signed its result.';
}

export function Outputs({ record, live }: { record: JobRecord; live: LiveState }): JSX.Element {
  const { runner, act } = usePage();
  const saving = useSignal<string | null>(null);
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
    <section class="card" aria-labelledby="outputs-title">
      <div class="heading">
        <h2 id="outputs-title">Outputs</h2>
        {stored.length > 1 && (
          <button type="button" class="quiet" data-testid="save-all" onClick={() => void save(stored.map(({ name }) => name))}>
            <Icon name="save" size={16} /> Save all
          </button>
        )}
      </div>
      {outputs.length === 0 && <p class="none">{nothing(record)}</p>}
      {areSealed(record) && (
        <p class="none" data-testid="outputs-sealed">
          Encrypted: they are verified block by block as they come, and become readable with the key that the last voucher pays for.
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
    </section>
  );
}
