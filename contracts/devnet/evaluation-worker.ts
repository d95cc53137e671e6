// The thread behind evaluator.ts: one job in, one result out.
import { parentPort } from 'node:worker_threads';
import { evaluateScripts } from './emulator.ts';
import type { EvaluationJob } from './evaluator.ts';

parentPort?.on('message', (job: EvaluationJob) => parentPort?.postMessage(evaluateScripts(job.transaction, job.utxos, job.slotConfig)));
