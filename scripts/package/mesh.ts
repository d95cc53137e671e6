// Mesh weighs megabytes: it lives in the transaction worker alone, and nothing loads that before a transaction is to be built.
import { loadedWith, type Finding, type Packaged } from './packaged.ts';

export const TRANSACTION_WORKER = 'transaction-worker.js';

/** A name of Mesh and one of its evaluator, as they stand in the built code. */
const MESH = /meshTxBuilder|MeshTxBuilder|scalus\.uplc/;

export function checkMesh(files: Packaged): Finding[] {
  const findings: Finding[] = [];
  const worker = files.get(TRANSACTION_WORKER);
  if (worker?.text == null || !MESH.test(worker.text))
    findings.push({ file: TRANSACTION_WORKER, problem: 'is missing, or Mesh is not in it: this check would see nothing' });
  for (const file of files.values()) {
    if (file.path === TRANSACTION_WORKER || !/\.(?:js|html)$/.test(file.path)) continue;
    if (MESH.test(file.text ?? '')) findings.push({ file: file.path, problem: 'holds a part of Mesh' });
    if (loadedWith(files, file.path).includes(worker as never))
      findings.push({ file: file.path, problem: 'loads the transaction worker at once' });
  }
  return findings;
}
