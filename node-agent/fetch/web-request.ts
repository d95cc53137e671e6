// One GET on the web: the name resolved once, every address of it checked, the connection made to a checked address, redirects by the
// same rules. No cookies, no credentials, no cache, no proxy of the environment.
import { lookup } from 'node:dns/promises';
import { request as plainRequest, type IncomingMessage } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { isIP } from 'node:net';
import { NunetError } from '@nunet/shared/errors.ts';
import { safeUrl, type WebRules } from './web-rules.ts';

/** The way to the web; a test brings its own. */
export interface WebAccess {
  /** All addresses of a name, asked for once a hop. */
  resolve(hostname: string): Promise<readonly string[]>;
  /** Besides those of the system. */
  readonly certificates?: readonly string[];
  /** Where 443 is, for a test that may not listen there. */
  readonly tlsPort?: number;
}

export const SYSTEM_WEB: WebAccess = {
  resolve: async (hostname) => (await lookup(hostname, { all: true })).map(({ address }) => address),
};

export interface WebAsk {
  readonly url: string;
  readonly rules: WebRules;
  readonly access: WebAccess;
  readonly accept?: string;
  /** From the name to the last header, each hop. */
  readonly headersMs?: number;
  readonly signal: AbortSignal;
}

export interface WebAnswer {
  /** Where it came from after all redirects. */
  readonly url: URL;
  readonly headers: IncomingMessage['headers'];
  /** Status 200, not encoded. Destroying it ends the connection. */
  readonly body: IncomingMessage;
}

const HEADERS_MS = 20_000;
const MAX_REDIRECTS = 5;
/** Tried one after the other: of a name with more, the first ones must do. */
const MAX_ADDRESSES = 16;
const MAX_TRIES = 3;
const MAX_HEADER_BYTES = 16 * 1024;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** Throws `download-url`, `download-address`, `download-unreachable`, `download-status`, `download-encoding`, `download-redirect`. */
export async function openUrl(ask: WebAsk): Promise<WebAnswer> {
  let url = parsedUrl(ask.url);
  for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
    const problem = ask.rules.problem(url);
    if (problem !== null)
      throw new NunetError(
        hop === 0 ? 'download-url' : 'download-redirect',
        `Cannot fetch from ${safeUrl(url)}${hop === 0 ? '' : ', where a redirect leads'}: ${problem}`,
      );
    const response = await oneHop(url, ask);
    const { statusCode = 0, headers } = response;
    if (REDIRECTS.has(statusCode)) {
      response.destroy();
      url = redirected(url, headers.location);
      continue;
    }
    const encoding = headers['content-encoding'];
    if (statusCode === 200 && (encoding === undefined || encoding === 'identity')) return { url, headers, body: response };
    response.destroy();
    if (statusCode !== 200)
      throw new NunetError('download-status', `Cannot fetch from ${safeUrl(url)}: it answered ${statusCode}, want 200`);
    // Asked for none: whoever packs all the same may pack a bomb.
    throw new NunetError(
      'download-encoding',
      `Cannot fetch from ${safeUrl(url)}: it sends content encoding ${String(encoding).slice(0, 40)}, want none`,
    );
  }
  throw new NunetError('download-redirect', `Cannot fetch from ${safeUrl(url)}: more than ${MAX_REDIRECTS} redirects`);
}

function parsedUrl(text: string, base?: URL): URL {
  if (!URL.canParse(text, base)) throw new NunetError('download-url', 'Cannot fetch a file: its address is no URL');
  return new URL(text, base);
}

function redirected(from: URL, location: string | undefined): URL {
  if (location === undefined || !URL.canParse(location, from))
    throw new NunetError('download-redirect', `Cannot fetch from ${safeUrl(from)}: it redirects to nowhere`);
  return new URL(location, from);
}

/** The response with its headers, from an address that was checked. */
async function oneHop(url: URL, ask: WebAsk): Promise<IncomingMessage> {
  const late = new AbortController();
  const ms = ask.headersMs ?? HEADERS_MS;
  const timer = setTimeout(
    () => late.abort(new NunetError('download-unreachable', `Cannot fetch from ${safeUrl(url)}: no answer after ${ms} ms`)),
    ms,
  );
  const signal = AbortSignal.any([ask.signal, late.signal]);
  try {
    const addresses = await checkedAddresses(url, ask, signal);
    let failure: unknown;
    for (const address of addresses.slice(0, MAX_TRIES)) {
      try {
        return await connect(url, address, ask.access, ask.accept, signal);
      } catch (error) {
        signal.throwIfAborted();
        failure = error;
      }
    }
    throw new NunetError('download-unreachable', `Cannot fetch from ${safeUrl(url)}: ${reasonOf(failure)}`, { cause: failure });
  } finally {
    clearTimeout(timer);
  }
}

/** Codes of Node's network and TLS layers; nothing that a server wrote. */
const reasonOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && /^[A-Z0-9_]{1,60}$/.test(error.code)
    ? error.code
    : 'it failed';

async function checkedAddresses(url: URL, { access, rules }: WebAsk, signal: AbortSignal): Promise<readonly string[]> {
  const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const addresses = isIP(hostname) === 0 ? await resolved(hostname, url, access, signal) : [hostname];
  // One private address among public ones is how a name gets through a check of its first answer.
  if (
    addresses.length === 0 ||
    addresses.length > MAX_ADDRESSES ||
    !addresses.every((address) => isIP(address) !== 0 && rules.isAllowedAddress(address, url))
  )
    throw new NunetError(
      'download-address',
      `Cannot fetch from ${safeUrl(url)}: its name leads to an address that is not of the public internet`,
    );
  return addresses;
}

async function resolved(hostname: string, url: URL, access: WebAccess, signal: AbortSignal): Promise<readonly string[]> {
  const over = Promise.withResolvers<never>();
  const onAbort = (): void => over.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    // The system's resolver cannot be told to stop; nobody waits for it any more.
    return await Promise.race([access.resolve(hostname), over.promise]);
  } catch (cause) {
    signal.throwIfAborted();
    throw new NunetError('download-unreachable', `Cannot fetch from ${safeUrl(url)}: its name cannot be resolved`, { cause });
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function connect(url: URL, address: string, access: WebAccess, accept = '*/*', signal: AbortSignal): Promise<IncomingMessage> {
  const isTls = url.protocol === 'https:';
  const hostname = url.hostname.replace(/^\[(.*)\]$/, '$1');
  const options = {
    host: address,
    port: isTls ? (access.tlsPort ?? (url.port || 443)) : url.port || 80,
    path: `${url.pathname}${url.search}`,
    method: 'GET',
    headers: { Host: url.host, Accept: accept, 'Accept-Encoding': 'identity', 'User-Agent': 'nunet-agent', Connection: 'close' },
    // No pool: a kept connection would have been checked for another name.
    agent: false,
    maxHeaderSize: MAX_HEADER_BYTES,
    insecureHTTPParser: false,
    signal,
  } as const;
  const tls = {
    // An environment variable must not switch this off.
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ...(isIP(hostname) === 0 && { servername: hostname }),
    ...(access.certificates !== undefined && { ca: [...access.certificates] }),
  } as const;
  return new Promise((resolve, reject) => {
    const sent = isTls ? tlsRequest({ ...options, ...tls }) : plainRequest(options);
    sent.once('error', reject);
    sent.once('response', (response: IncomingMessage) => {
      // After the headers the body's reader decides how long it waits.
      sent.off('error', reject);
      sent.on('error', () => response.destroy());
      resolve(response);
    });
    sent.end();
  });
}
