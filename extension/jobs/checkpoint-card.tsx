// The last checkpoint of a job: what is kept of its workspace, how to save it, and a new job that goes on from it.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import type { JobRecord } from '@nunet/shared/job-flow/job-record.ts';
import { isJobEnd } from '@nunet/shared/job-state.ts';
import { useRouter } from '../dashboard/router.ts';
import type { LiveState } from '../messages.ts';
import { Button } from '../ui/button.tsx';
import { Card } from '../ui/card.tsx';
import { t } from '../ui/i18n.ts';
import { Icon } from '../ui/icons.tsx';
import { Moment } from '../ui/moment.tsx';
import { usePage } from '../ui/page.ts';
import { Progress } from '../ui/progress.tsx';
import { bytesText, countText, durationText } from '../ui/quantity-text.ts';
import { saveBlob } from '../ui/save-blob.ts';
import './outputs.css';

/** Null for a job that asks for none. */
export function CheckpointCard({ record, live }: { record: JobRecord; live: LiveState }): JSX.Element | null {
  const { runner, now, act } = usePage();
  const { go } = useRouter();
  const isBusy = useSignal(false);
  const words = t().jobs.checkpoint;
  const { program } = record.spec;
  const { checkpoint, jobId } = record;
  const everyMs = program.kind === 'container' ? program.checkpointEveryMs : null;
  if (everyMs === null) return null;
  const isOver = isJobEnd(record.job);
  const busily = async (work: () => Promise<void>): Promise<void> => {
    isBusy.value = true;
    await act(work);
    isBusy.value = false;
  };
  const save = (): Promise<void> =>
    busily(async () => {
      const { blob, name } = await runner.ask({ type: 'checkpoint', jobId });
      saveBlob(blob, name);
    });
  const resume = (): Promise<void> => busily(async () => go({ view: 'job', jobId: (await runner.ask({ type: 'resume', jobId })).jobId }));
  const coming = live.checkpoint;
  const isComing = !isOver && coming !== undefined && coming.number > (checkpoint?.number ?? 0);
  return (
    <Card title={words.title} testid="checkpoint">
      <ul class="outputs">
        {checkpoint !== undefined && (
          <li data-testid="checkpoint-kept" data-number={checkpoint.number}>
            <div class="output-name">
              <strong>{words.label(countText(checkpoint.number))}</strong>
              <span>
                {words.taken} <Moment atMs={checkpoint.takenAtMs} nowMs={now.value} />
              </span>
            </div>
            <span class="verified">
              <Icon name="check" size={16} /> {words.kept(bytesText(checkpoint.file.bytes))}
            </span>
            <div class="output-foot">
              <Button size="small" icon="save" testid="checkpoint-save" isDisabled={isBusy.value} onClick={() => void save()}>
                {words.save}
              </Button>
              {isOver && (
                <Button kind="primary" size="small" testid="checkpoint-resume" isDisabled={isBusy.value} onClick={() => void resume()}>
                  {words.resume}
                </Button>
              )}
            </div>
            {isOver && <p class="hint">{words.resumeSays}</p>}
          </li>
        )}
        {isComing && (
          <li>
            <Progress
              label={words.label(countText(coming.number))}
              says={words.coming(countText(coming.number), bytesText(coming.doneBytes), bytesText(coming.totalBytes))}
              done={coming.doneBytes}
              total={coming.totalBytes}
            />
          </li>
        )}
      </ul>
      {checkpoint === undefined && !isComing && <p class="hint">{isOver ? words.none : words.later(durationText(everyMs))}</p>}
    </Card>
  );
}
