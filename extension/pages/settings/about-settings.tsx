// What this is, and under which terms.
import type { JSX } from 'preact';
import { browser } from 'wxt/browser';
import { Card } from '../../ui/card.tsx';
import { Facts } from '../../ui/facts.tsx';
import { t } from '../../ui/i18n.ts';

const LICENCE = 'Apache-2.0';

export function AboutSettings(): JSX.Element {
  const words = t().settings.about;
  return (
    <Card title={t().settings.sections.about}>
      <div class="stack">
        <Facts
          facts={[
            { name: words.version, value: browser.runtime.getManifest().version, testid: 'version' },
            { name: words.licence, value: LICENCE },
            { name: words.source, value: words.sourceSays },
          ]}
        />
        <p class="hint">{words.offline}</p>
      </div>
    </Card>
  );
}
