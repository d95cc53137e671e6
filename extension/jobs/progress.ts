// How far a job is, in words and as a share; only while the work is at the phase that the agent tells of.
import type { JobRecord } from '@nunet/shared/job-flow/job-record.ts';
import type { ProgressPhase } from '@nunet/shared/wire.ts';
import type { LiveState } from '../messages.ts';
import type { Catalog } from '../ui/i18n.ts';
import { bytesText, countText, ntxText } from '../ui/quantity-text.ts';

type Words = Catalog['jobs']['progress'];

export interface ProgressView {
  phase: ProgressPhase;
  /** From 0 to 1. */
  share: number;
  /** False where the agent cannot say how much there will be: code need not know. */
  hasEnd: boolean;
  says: string;
}

/** Null when there is nothing to show: before anything was told, and once the work has ended. */
export function progressOf(record: JobRecord, { progress, due }: LiveState, words: Words): ProgressView | null {
  if (progress === null || (record.job !== 'preparing' && record.job !== 'running')) return null;
  const { phase, done, total, epoch } = progress;
  // An agent may say what it likes; a bar is never more than full.
  const share = total > 0 ? Math.min(1, Math.max(0, done / total)) : 0;
  const [there, all] = [Math.min(done, total), total];
  const hasEnd = total > 0;
  if (!hasEnd && phase !== 'steps') return null;
  if (phase === 'dependencies') return { phase, share, hasEnd, says: words.dependencies(countText(there), countText(all)) };
  if (phase !== 'steps') return { phase, share, hasEnd, says: words[phase](bytesText(there), bytesText(all)) };
  if (!hasEnd && record.spec.program.kind === 'container')
    return { phase, share, hasEnd, says: words.epochAlone(countText(epoch)) + dueText(due, words) };
  const epochs = record.spec.program.kind === 'onnx' ? record.spec.program.epochs : 1;
  const where = epochs > 1 ? words.epoch(Math.min(Math.max(1, epoch), epochs), epochs) : '';
  return {
    phase,
    share,
    hasEnd,
    says: words.step(countText(Math.min(done, total)), countText(total)) + where + dueText(due, words),
  };
}

/** What a job that is paid by vouchers owes, or why it stands still. */
function dueText(due: LiveState['due'], words: Words): string {
  if (due === undefined) return '';
  return due.paused ? words.paused : words.due(ntxText(due.signedBaseUnits), ntxText(due.payBaseUnits));
}
