// Spanish: wallet.
import type { wallet as English } from '../en/wallet.ts';
export const wallet: typeof English = {};
