// Spanish: shell.
import type { shell as English } from '../en/shell.ts';
export const shell: typeof English = {};
