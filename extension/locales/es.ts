// Spanish.
import { dapp } from './es/dapp.ts';
import { errors } from './es/errors.ts';
import { jobs } from './es/jobs.ts';
import { lend } from './es/lend.ts';
import { settings } from './es/settings.ts';
import { sheet } from './es/sheet.ts';
import { shell } from './es/shell.ts';
import { vault } from './es/vault.ts';
import { wallet } from './es/wallet.ts';
import type { en } from './en.ts';

export const es: typeof en = { shell, jobs, wallet, vault, sheet, dapp, lend, settings, errors };
