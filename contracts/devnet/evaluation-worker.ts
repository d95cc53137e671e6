// The thread behind evaluator.ts: one job in, one result out.
import { parentPort } from 'node:worker_threads';
import { evaluateScripts } from './emulator.ts';
import type { EvaluationJob } from './evaluator.ts';

parentPort?.on('message', (job: EvaluationJob) => {
  const result = evaluateScripts(job.transaction, job.utxos, job.slotConfig);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a worker thread has no origin
  parentPort?.postMessage(result);
});
