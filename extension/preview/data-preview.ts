// CIP-8: a payload as a person reads it before it is signed: its text with everything unseen marked, and the site for which it says that one signs in.
import { bech32 } from '@scure/base';
import { blake2b256 } from '@nunet/shared/encoding.ts';
import { NunetError } from '@nunet/shared/errors.ts';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import { visibleText } from '../ui/visible-text.ts';
import { MAX_PAYLOAD_BYTES, signatureStructure } from '@nunet/contracts/cose.ts';
import type { Signable } from '../vault/messages.ts';
import { viewAddress } from './address-view.ts';
import type { DataPreview, Risk } from './preview.ts';

type SignableData = Extract<Signable, { kind: 'data' }>;

/** Line ends and tabs are layout. */
const LAYOUT = /[\n\r\t]/g;
/** Characters that turn the direction of what is read, and controls: nobody writes them into a message to be read. */
const TURNING = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

const unreadable = (why: string): NunetError =>
  new NunetError('message-unreadable', `Cannot show this message, so it is not signed: ${why}`);

function textOf(bytes: Uint8Array): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    // Bytes of a number or of CBOR can be UTF-8 by chance; a message does not begin with controls alone.
    return text.replace(LAYOUT, '').trim() === '' || /^\p{Cc}+$/u.test(text.replace(LAYOUT, '')) ? null : text;
  } catch {
    return null;
  }
}

/** An address of the account, or its DRep id: 28 bytes, or 29 with CIP-129's header. CIP-95 takes a DRep's enterprise address too. */
function signerText(bytes: Uint8Array, role: SignableData['role']): string {
  if (role !== 'drep' || (bytes.length === 29 && bytes[0] === 0x60)) return viewAddress(bytes).text;
  if (bytes.length !== 28 && !(bytes.length === 29 && bytes[0] === 0x22)) throw unreadable('its DRep id has another length');
  const id = bytes.length === 29 ? bytes : concatBytes(Uint8Array.of(0x22), bytes);
  return bech32.encode('drep', bech32.toWords(id));
}

const hostOf = (text: string): string | null => {
  const url = URL.parse(text.includes('://') ? text : `https://${text}`);
  return url === null || url.host === '' || /\s/.test(text) ? null : url.host;
};

/** "<site> wants you to sign in" (as in EIP-4361), a line `URI: …`, or the `uri` of CIP-93's JSON. */
function siteOf(text: string): string | null {
  const wants = /^(\S{1,253}) wants you to sign in\b/m.exec(text)?.[1];
  const line = /^\s*uri:\s*(\S{1,2000})\s*$/im.exec(text)?.[1];
  const json = /"uri"\s*:\s*"([^"\s]{1,2000})"/.exec(text)?.[1];
  const named = wants ?? line ?? json;
  return named === undefined ? null : hostOf(named);
}

/** The same site, or a part of it. */
const belongs = (site: string, origin: string): boolean => {
  const host = hostOf(origin);
  return host !== null && (host === site || host.endsWith(`.${site}`) || site.endsWith(`.${host}`));
};

/** `origin`: who asks; null: the wallet's own pages. Throws `message-unreadable`, `address-invalid`, `cbor-invalid`. */
export function previewData({ address, payload, role }: SignableData, origin: string | null): DataPreview {
  if (!/^([0-9a-f]{2})*$/.test(payload) || !/^([0-9a-f]{2}){1,100}$/.test(address)) throw unreadable('it is not hex');
  if (payload.length > 2 * MAX_PAYLOAD_BYTES) throw unreadable(`it has ${payload.length / 2} bytes, want at most ${MAX_PAYLOAD_BYTES}`);
  const bytes = hexToBytes(payload);
  const signer = hexToBytes(address);
  const text = textOf(bytes);
  const site = text === null ? null : siteOf(text);
  const risks: Risk[] = [];
  if (text === null) risks.push({ code: 'not-text', level: 'confirm', detail: {} });
  else {
    const inside = text.replace(LAYOUT, '');
    if (visibleText(inside, inside.length) !== inside)
      risks.push({ code: 'hidden-characters', level: TURNING.test(inside) ? 'confirm' : 'warn', detail: {} });
  }
  if (site !== null && origin !== null && !belongs(site, origin))
    risks.unshift({ code: 'other-site', level: 'confirm', detail: { site, origin } });
  return {
    hash: bytesToHex(blake2b256(signatureStructure(signer, bytes))),
    signsAs: signerText(signer, role),
    role,
    text,
    payload,
    bytes: bytes.length,
    site,
    risks,
  };
}
