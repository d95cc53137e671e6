// What a flag or a configuration says of a chain source: "koios:https://preprod.koios.rest/api/v1", "blockfrost:URL", or a URL alone.
import type { Network } from '@nunet/shared/fields.ts';

const SOURCE_KINDS = ['blockfrost', 'koios'] as const;

export interface SourceAddress {
  kind: (typeof SOURCE_KINDS)[number];
  url: string;
  /** Host, for messages. */
  name: string;
}

/** Null: no source. A URL alone is a Blockfrost-compatible API, unless its host is the public Koios service. */
export function sourceAddress(text: string): SourceAddress | null {
  const kind = SOURCE_KINDS.find((name) => text.startsWith(`${name}:`));
  const url = kind === undefined ? text : text.slice(kind.length + 1);
  const parsed = URL.parse(url);
  // A password in a URL would end up in messages; accounts have a project id.
  if (parsed === null || (parsed.protocol !== 'https:' && parsed.protocol !== 'http:') || parsed.username !== '' || parsed.password !== '')
    return null;
  const isKoios = parsed.hostname === 'koios.rest' || parsed.hostname.endsWith('.koios.rest');
  return { kind: kind ?? (isKoios ? 'koios' : 'blockfrost'), url, name: parsed.host };
}

export const SOURCE_WANTED = 'must be a URL that starts with https:// or http://, or koios:URL for a Koios API';

/** Base units of NTX from which on two sources must agree, where nobody said otherwise: small jobs do not wait for the slower one. */
export const COMPARE_ABOVE: Readonly<Record<Network, bigint>> = { devnet: 10_000_000n, preview: 100_000_000n, preprod: 100_000_000n };
