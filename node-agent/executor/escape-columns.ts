// Which engines and runtimes the escape suite runs on: those that are here, of those that were asked for.
import { systemProgram } from './confinement.ts';
import { engineMissing, type EngineKind, type EngineRuntime } from './container/test-engine.ts';
import { imagesMissing } from './container/test-images.ts';
import { neighbourhoodMissing } from './container/test-neighbourhood.ts';

export interface EngineColumn {
  readonly kind: EngineKind;
  readonly runtime: EngineRuntime;
}

export const ENGINE_COLUMNS: readonly EngineColumn[] = [
  { kind: 'docker', runtime: 'runc' },
  { kind: 'docker', runtime: 'runsc' },
  { kind: 'podman', runtime: 'runc' },
];

export const columnName = ({ kind, runtime }: EngineColumn): string => `${kind}+${runtime}`;

/** Why a column cannot be tried here; null: it can. */
export function columnMissing({ kind, runtime }: EngineColumn): string | null {
  const engine = engineMissing(kind) ?? imagesMissing() ?? neighbourhoodMissing();
  if (engine !== null) return engine;
  return runtime === 'runsc' && systemProgram('runsc') === null ? 'no runsc on this system: apt-get install runsc' : null;
}

/** NUNET_TEST_ENGINES=docker+runc,podman+runc or all; unset: what `npm test` tries, Docker with runc. */
export function enginesToTest(): EngineColumn[] {
  const wanted = process.env['NUNET_TEST_ENGINES'] ?? 'docker+runc';
  const names = wanted === 'all' ? ENGINE_COLUMNS.map(columnName) : wanted.split(',');
  return ENGINE_COLUMNS.filter((column) => names.includes(columnName(column)) && columnMissing(column) === null);
}
