// readableOutputs: the files of a result that can be read here, once they have come.
import type { OutputFile } from '../manifest.ts';
import type { JobRecord } from './job-record.ts';

/** Of a sealed result: what was opened, nothing before. */
export const readableOutputs = ({ manifest, opened }: Pick<JobRecord, 'manifest' | 'opened'>): readonly OutputFile[] =>
  manifest?.body.delivery.kind === 'sealed' ? (opened ?? []) : (manifest?.body.outputs ?? []);

/** True while outputs are here, or on their way, that nobody can read yet. */
export const areSealed = ({ manifest, opened }: Pick<JobRecord, 'manifest' | 'opened'>): boolean =>
  manifest?.body.delivery.leaves !== undefined && opened === undefined;
