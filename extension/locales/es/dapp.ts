// Spanish: dapp.
import type { dapp as English } from '../en/dapp.ts';
export const dapp: typeof English = {};
