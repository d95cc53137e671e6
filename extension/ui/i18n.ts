// Every word that a person reads comes from here: one typed catalog a language, so that a missing sentence does not compile.
import { signal, type ReadonlySignal } from '@preact/signals';
import { en } from '../locales/en.ts';
import { es } from '../locales/es.ts';

export type Catalog = typeof en;
export const LANGUAGES = { en: 'English', es: 'Español' } as const;
export type Language = keyof typeof LANGUAGES;

const CATALOGS: Record<Language, Catalog> = { en, es };
const KEY = 'nunet-language';

const known = (text: string | null | undefined): Language | null => {
  const short = text?.slice(0, 2).toLowerCase();
  return short === 'en' || short === 'es' ? short : null;
};

const chosen = signal<Language>('en');
export const language: ReadonlySignal<Language> = chosen;

/** The words of the language that is chosen; a component that calls it is drawn again when that changes. */
export const t = (): Catalog => CATALOGS[chosen.value];

/** What the person chose before on this browser, else what the browser speaks, else English. */
export function startLanguage(storage: Pick<Storage, 'getItem'>, browserLanguages: readonly string[]): void {
  chosen.value = known(storage.getItem(KEY)) ?? browserLanguages.map(known).find((one) => one !== null) ?? 'en';
}

export function chooseLanguage(to: Language, storage: Pick<Storage, 'setItem'>): void {
  storage.setItem(KEY, to);
  chosen.value = to;
}

/** A number, a date or an amount of lovelace is written as the chosen language writes it. */
export const locale = (): string => ({ en: 'en-GB', es: 'es-ES' })[chosen.value];
