// Names that tokens are given to lure whoever finds them in the wallet to a page, or to pass for another token. Pure.

/** A place on the web, however it is written. */
const PLACE =
  /https?:|www\.|:\/\/|t\.me|[a-z0-9-]{2,}\s*[.．。·]\s*(?:com|net|org|io|xyz|app|site|top|click|live|finance|info|online|link|gift|fi|me|co|gg|dev|pro|ru|cc|vip|club|art|to|us|eu|finance)\b/;
const PROMISE =
  /\b(?:free|gratis|visit|eligible|(?:claim|airdrop|reward|bonus|voucher|gift|winner|prize|redeem|giveaway|reclama|premio|regalo)s?)\b/;
/** What only NTX and ADA may be called. */
const OURS = new Set(['ntx', 'tntx', 'mntx', 'nunet', 'nunettoken', 'ada', 'tada', 'cardano', 'lovelace']);

/** Letters of other scripts that look like Latin ones, for the few words above. */
const LOOKS_LIKE: Readonly<Record<string, string>> = {
  а: 'a',
  е: 'e',
  о: 'o',
  р: 'p',
  с: 'c',
  х: 'x',
  у: 'y',
  і: 'i',
  ѕ: 's',
  Α: 'a',
  Ν: 'n',
  Τ: 't',
  Χ: 'x',
  τ: 't',
  ν: 'n',
  χ: 'x',
  т: 't',
  м: 'm',
  Т: 't',
  Х: 'x',
  А: 'a',
  С: 'c',
};

const plain = (name: string): string =>
  Array.from(name.normalize('NFKC'), (character) => LOOKS_LIKE[character] ?? character)
    .join('')
    .toLowerCase();

/** True for a name that asks for something, or that is NuNet's or Cardano's own. A token that really is NTX is not asked about. */
export function isBaitName(name: string): boolean {
  const text = plain(name);
  return PLACE.test(text) || PROMISE.test(text) || OURS.has(text.replace(/[^a-z0-9]/g, ''));
}
