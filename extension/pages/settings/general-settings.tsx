// Language, appearance, and what is covered while locked: kept on this browser alone.
import type { JSX } from 'preact';
import { Card } from '../../ui/card.tsx';
import { hidesWhileLocked, hideWhileLocked } from '../../ui/cover.ts';
import { t } from '../../ui/i18n.ts';
import { RadioCards } from '../../ui/radio-cards.tsx';
import { chooseTheme, theme, THEMES } from '../../ui/theme.ts';
import { Toggle } from '../../ui/toggle.tsx';
import { LanguageSelect } from '../language-select.tsx';

export function GeneralSettings(): JSX.Element {
  const words = t().settings;
  return (
    <Card title={words.sections.general}>
      <div class="stack loose">
        <LanguageSelect />
        <RadioCards
          label={words.theme}
          testid="theme"
          value={theme.value}
          options={THEMES.map((value) => ({ value, label: words.themes[value] }))}
          onSelect={(to) => chooseTheme(to, localStorage, document.documentElement)}
        />
        <Toggle
          label={words.hide}
          hint={words.hideHint}
          isOn={hidesWhileLocked.value}
          testid="hide-while-locked"
          onChange={(isWanted) => hideWhileLocked(isWanted, localStorage)}
        />
      </div>
    </Card>
  );
}
