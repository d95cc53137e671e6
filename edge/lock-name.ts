// A lock's name in the database, `txId#index`, back to its output reference. The other way is `referenceText`.
import type { OutputReference } from '@nunet/shared/fields.ts';

export const referenceOf = (lock: string): OutputReference => {
  const [txId = '', index = ''] = lock.split('#');
  return { txId, index: Number(index) };
};
