// Language and light or dark.
import type { JSX } from 'preact';
import { Card } from '../ui/card.tsx';
import { chooseLanguage, language, LANGUAGES, t, type Language } from '../ui/i18n.ts';
import { PageHeader } from '../ui/page-header.tsx';
import { RadioCards } from '../ui/radio-cards.tsx';
import { chooseTheme, theme, THEMES } from '../ui/theme.ts';

const languages = Object.entries(LANGUAGES).map(([value, label]) => ({ value: value as Language, label }));

export function SettingsView(_: { place: readonly string[] }): JSX.Element {
  const words = t().shell.look;
  return (
    <div class="stack">
      <PageHeader title={t().shell.nav.settings} />
      <Card>
        <div class="stack loose">
          <RadioCards
            label={words.language}
            options={languages}
            value={language.value}
            testid="language"
            onSelect={(to) => chooseLanguage(to, localStorage)}
          />
          <RadioCards
            label={words.theme}
            options={THEMES.map((value) => ({ value, label: words.themes[value] }))}
            value={theme.value}
            testid="theme"
            onSelect={(to) => chooseTheme(to, localStorage, document.documentElement)}
          />
        </div>
      </Card>
    </div>
  );
}
