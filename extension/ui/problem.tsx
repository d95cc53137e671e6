// The last "no" at the top of a page, until it is closed or the page changes.
import type { JSX } from 'preact';
import { IconButton } from './button.tsx';
import './callout.css';
import { t } from './i18n.ts';
import { Icon } from './icons.tsx';
import { errorText } from './error-text.ts';
import { usePage } from './page.ts';
import { Stranger } from './stranger.tsx';

const MAX_LINES = 12;

export function Problem(): JSX.Element | null {
  const { problem, closeProblem } = usePage();
  const no = problem.value;
  if (no === null) return null;
  return (
    <div class="callout bad" role="alert" data-testid="problem" data-code={no.code}>
      <Icon name="alert" />
      <span class="callout-says lines">
        {errorText(no)
          .split('\n')
          .slice(0, MAX_LINES)
          .map((line, i) => (
            <span key={i}>
              <Stranger text={line} length={400} />
            </span>
          ))}
      </span>
      <IconButton icon="cross" size="small" label={t().shell.parts.closeMessage} onClick={closeProblem} />
    </div>
  );
}
