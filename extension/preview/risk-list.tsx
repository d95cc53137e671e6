// The risks of what is signed, worst first, each with the whole address that it speaks of.
import type { JSX } from 'preact';
import { Address } from '../ui/address.tsx';
import { Callout, type Tone } from '../ui/callout.tsx';
import { t } from '../ui/i18n.ts';
import type { Risk } from './preview.ts';
import { riskText } from './sheet-words.ts';

const TONES: Readonly<Record<Risk['level'], Tone>> = { stop: 'bad', confirm: 'bad', warn: 'wait' };

/** Whole, because the person is asked to compare it. */
const COMPARED: ReadonlySet<Risk['code']> = new Set(['new-recipient', 'look-alike-address', 'network-mismatch']);

const addressOf = ({ detail }: Risk): string => (typeof detail['address'] === 'string' ? detail['address'] : '');

export function RiskList({ risks }: { risks: readonly Risk[] }): JSX.Element {
  const words = t().sheet;
  return (
    <div class="stack tight" data-testid="risks">
      <h3>{words.risks}</h3>
      {risks.length === 0 && (
        <Callout tone="good" testid="no-risks">
          {words.noRisks}
        </Callout>
      )}
      {risks.map((risk) => (
        <Callout
          key={risk.code}
          tone={TONES[risk.level]}
          title={risk.level === 'warn' ? undefined : words.levels[risk.level]}
          testid="risk"
          code={risk.code}
        >
          <p>{riskText(risk)}</p>
          {addressOf(risk) !== '' && <Address text={addressOf(risk)} what={words.copyAddress} isFull={COMPARED.has(risk.code)} />}
        </Callout>
      ))}
    </div>
  );
}
