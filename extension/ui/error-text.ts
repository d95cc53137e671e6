// A failure in the reader's words: by its code where the catalog has a sentence for it, else what it says itself.
import { t } from './i18n.ts';

export interface SaidNo {
  code: string;
  message: string;
}

export function errorText({ code, message }: SaidNo): string {
  const known: Readonly<Record<string, string>> = t().errors;
  return Object.hasOwn(known, code) ? (known[code] ?? message) : message;
}
