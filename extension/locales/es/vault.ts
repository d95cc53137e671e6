// Spanish: vault.
import type { vault as English } from '../en/vault.ts';
export const vault: typeof English = {};
