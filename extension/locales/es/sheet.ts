// Spanish: sheet.
import type { sheet as English } from '../en/sheet.ts';
export const sheet: typeof English = {};
