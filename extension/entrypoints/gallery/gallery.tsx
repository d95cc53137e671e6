// The gallery's page: the same pieces twice, on light and on dark ground, in the language that is chosen above.
import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { chooseLanguage, language, LANGUAGES, type Language } from '../../ui/i18n.ts';
import './gallery.css';
import { PIECES } from './pieces.tsx';
import { SHEETS } from './sheets.tsx';

const ROLES: readonly (readonly [ground: string, text: string])[] = [
  ['bg', 'text'],
  ['surface', 'text'],
  ['surface', 'text-2'],
  ['surface-2', 'text-2'],
  ['surface', 'accent'],
  ['accent', 'on-accent'],
  ['accent-soft', 'accent'],
  ['good-soft', 'good'],
  ['wait-soft', 'wait'],
  ['bad-soft', 'bad'],
  ['bad', 'on-bad'],
];

function Side({ theme }: { theme: 'light' | 'dark' }): JSX.Element {
  return (
    <section class="gallery-side" data-theme={theme} aria-label={theme}>
      <Card title={`Colours, ${theme}`}>
        <div class="swatches">
          {ROLES.map(([ground, text]) => (
            <div key={`${ground} ${text}`} class="swatch" style={{ background: `var(--${ground})`, color: `var(--${text})` }}>
              {text} on {ground}
            </div>
          ))}
        </div>
      </Card>
      {[...PIECES, ...SHEETS].map(([name, Piece]) => (
        <Card key={name} title={name}>
          <Piece />
        </Card>
      ))}
    </section>
  );
}

export function Gallery(): JSX.Element {
  const only = useSignal<'light' | 'dark' | null>(null);
  return (
    <main>
      <div class="gallery-bar">
        <h1>Components</h1>
        <div class="actions">
          {(['light', 'dark'] as const).map((theme) => (
            <Button
              key={theme}
              size="small"
              isPressed={only.value === theme}
              onClick={() => (only.value = only.value === theme ? null : theme)}
            >
              {theme} alone
            </Button>
          ))}
          {(Object.keys(LANGUAGES) as Language[]).map((one) => (
            <Button key={one} size="small" isPressed={language.value === one} onClick={() => chooseLanguage(one, localStorage)}>
              {LANGUAGES[one]}
            </Button>
          ))}
        </div>
      </div>
      <div class="gallery">
        {(['light', 'dark'] as const)
          .filter((theme) => only.value === null || only.value === theme)
          .map((theme) => (
            <Side key={theme} theme={theme} />
          ))}
      </div>
    </main>
  );
}
