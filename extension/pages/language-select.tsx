// The language of everything, chosen where somebody starts and in the settings.
import type { JSX } from 'preact';
import { Select } from '../ui/field.tsx';
import { chooseLanguage, language, LANGUAGES, t, type Language } from '../ui/i18n.ts';

const OPTIONS = (Object.keys(LANGUAGES) as Language[]).map((value) => ({ value, label: LANGUAGES[value] }));

export const LanguageSelect = (): JSX.Element => (
  <Select
    label={t().vault.welcome.language}
    value={language.value}
    options={OPTIONS}
    testid="language"
    onSelect={(to) => chooseLanguage(to, localStorage)}
  />
);
