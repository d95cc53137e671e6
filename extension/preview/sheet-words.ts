// The sheet's closed types as sentences of the chosen language. A stranger's words are cut, shown whole, and kept to their own direction.
import { t, locale } from '../ui/i18n.ts';
import { adaText, ntxText, quantityText } from '../ui/quantity-text.ts';
import { shortId, visibleText } from '../ui/visible-text.ts';
import type { RiskWords } from '../locales/en/sheet.ts';
import type { CertificateView, Intent, Recipient, Risk, TokenAmount } from './preview.ts';

/** First strong isolate and its end: what stands between cannot turn what stands around it. */
const isolated = (text: string): string => `\u2068${text}\u2069`;

export const strange = (text: string, length = 60): string => isolated(visibleText(text, length));

export const momentText = (atMs: number): string =>
  Math.abs(atMs) > 8.64e15 ? '—' : new Intl.DateTimeFormat(locale(), { dateStyle: 'medium', timeStyle: 'short' }).format(atMs);

export const tokenText = ({ quantity, decimals, label, isNtx }: TokenAmount): string =>
  isNtx ? ntxText(quantity) : `${quantityText(quantity, decimals)} ${strange(label, 24)}`;

/** NTX, then ADA, then one more token and a count: what fits in a sentence. */
export function moneyText(lovelace: bigint, tokens: readonly TokenAmount[]): string {
  const ntx = tokens.filter(({ isNtx }) => isNtx).map(tokenText);
  const others = tokens.filter(({ isNtx }) => !isNtx);
  const first = others.slice(0, others.length > 2 ? 1 : 2).map(tokenText);
  const rest = others.length - first.length;
  const parts = [...ntx, ...(lovelace === 0n ? [] : [adaText(lovelace)]), ...first, ...(rest > 0 ? [t().sheet.tokensOf(rest)] : [])];
  return new Intl.ListFormat(locale(), { type: 'conjunction' }).format(parts);
}

const addressText = (address: string): string => (address === '' ? '' : isolated(shortId(address, 12, 6)));

const recipientText = ({ name, address }: Pick<Recipient, 'name' | 'address'>): string =>
  name === null ? addressText(address) : strange(name);

function totalOf(recipients: readonly Recipient[]): string {
  const tokens = new Map<string, TokenAmount>();
  for (const token of recipients.flatMap((recipient) => recipient.tokens))
    tokens.set(token.unit, { ...token, quantity: token.quantity + (tokens.get(token.unit)?.quantity ?? 0n) });
  return moneyText(
    recipients.reduce((sum, { lovelace }) => sum + lovelace, 0n),
    [...tokens.values()],
  );
}

function certificatesText(certificates: readonly CertificateView[], more: readonly string[]): string {
  const names = [...new Set(certificates.map(({ name }) => t().sheet.certificate[name].toLowerCase()))];
  return new Intl.ListFormat(locale(), { type: 'conjunction' }).format([...names, ...more]);
}

/** The one sentence at the top. */
export function intentText(intent: Intent): string {
  const words = t().sheet.intent;
  switch (intent.kind) {
    case 'lock':
      return words.lock(ntxText(intent.amountBaseUnits), strange(intent.jobTitle), momentText(intent.refundableAfterMs));
    case 'payment': {
      const [first] = intent.recipients;
      const what = totalOf(intent.recipients);
      return first === undefined || intent.recipients.length > 1
        ? words.payMany(what, intent.recipients.length)
        : words.pay(what, recipientText(first));
    }
    case 'own':
      return intent.reason === 'collateral' ? words.collateral : words.move;
    case 'reclaim':
      return words.reclaim(ntxText(intent.baseUnits), intent.locks);
    case 'agree':
      return words.agree(ntxText(intent.paidBaseUnits), ntxText(intent.backBaseUnits));
    case 'settle':
      return words.settle(ntxText(intent.paidBaseUnits), ntxText(intent.backBaseUnits));
    case 'staking':
      return words.staking(
        certificatesText(intent.certificates, intent.withdrawnLovelace > 0n ? [words.withdraw(adaText(intent.withdrawnLovelace))] : []),
      );
    case 'governance':
      return words.governance(
        certificatesText(intent.certificates, [
          ...(intent.votes > 0 ? [words.votes(intent.votes)] : []),
          ...(intent.proposals > 0 ? [words.proposals(intent.proposals)] : []),
        ]),
      );
    case 'unrecognised':
      return words.because[intent.because];
  }
}

/** What a risk's sentence is made of. */
function riskWords({ detail }: Risk): RiskWords {
  const text = (name: string): string => (typeof detail[name] === 'string' ? detail[name] : '');
  const number = (name: string): number => Number(detail[name] ?? 0);
  return {
    address: addressText(text('address')) || strangeOrNothing(text('origin')),
    like: addressText(text('like')),
    amount: adaText(BigInt(detail['lovelace'] ?? 0)),
    time: detail['untilMs'] === undefined ? '' : momentText(number('untilMs')),
    text: text('keeps') || text('fields') || strangeOrNothing(text('site')),
    count: number('count'),
    foreign: detail['burnt'] === undefined ? number('foreign') : number('burnt'),
    of: number('of'),
    percent: number('percent'),
  };
}

const strangeOrNothing = (text: string): string => (text === '' ? '' : strange(text, 80));

export const riskText = (risk: Risk): string => t().sheet.risk[risk.code](riskWords(risk));
