// Which URLs may be asked for. Pure: a text or a redirect in, a reason out.
import { matchesPattern } from '../executor/container/image-policy.ts';

export interface WebRules {
  /** Why this URL may not be asked for; null: it may. Asked again for every redirect. */
  problem(url: URL): string | null;
  /** Of every address that the URL's name has. */
  isAllowedAddress(address: string, url: URL): boolean;
}

/** Of inputs by URL. `hosts`: the owner's, `*` stands for anything. */
export function inputUrlProblem(url: URL, hosts: readonly string[]): string | null {
  if (url.protocol !== 'https:') return `it is ${url.protocol.slice(0, 20)}, want https:`;
  if (url.port !== '') return `its port is ${url.port}, want 443`;
  if (url.username !== '' || url.password !== '') return 'it carries a user name or password';
  if (!hosts.some((pattern) => matchesPattern(url.hostname, pattern))) {
    const some = hosts.slice(0, 5).join(', ');
    return `its host is ${url.hostname}; this agent's owner lets files come from ${some === '' ? 'no host' : `${some}${hosts.length > 5 ? ', ...' : ''} only`}`;
  }
  return null;
}

/** What may be said of a URL: its path and query may be somebody's secret. */
export const safeUrl = (url: URL): string => (url.origin === 'null' ? url.protocol.slice(0, 20) : url.origin);
