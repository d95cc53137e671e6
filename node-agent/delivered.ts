// What a manifest says of delivered outputs, readable ones here; sealed ones come from sealing.ts.
import { NO_KEY_HASH } from '@nunet/shared/lock.ts';
import { outputRootOf, type Manifest, type OutputFile } from '@nunet/shared/manifest.ts';

export type Delivered = Pick<Manifest, 'outputs' | 'delivery'>;

/** Anybody who gets them can read them. */
export const deliveredOpen = (outputs: OutputFile[]): Delivered => ({
  outputs,
  delivery: { kind: 'open', root: outputRootOf(outputs), plaintextRoot: NO_KEY_HASH, keyHash: NO_KEY_HASH },
});
