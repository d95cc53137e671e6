// English, the catalog that the others must fill: one file a part of the product.
import { dapp } from './en/dapp.ts';
import { errors } from './en/errors.ts';
import { jobs } from './en/jobs.ts';
import { lend } from './en/lend.ts';
import { settings } from './en/settings.ts';
import { sheet } from './en/sheet.ts';
import { shell } from './en/shell.ts';
import { vault } from './en/vault.ts';
import { wallet } from './en/wallet.ts';

export const en = { shell, jobs, wallet, vault, sheet, dapp, lend, settings, errors };
