// One request to a chain source: bounded in time and size, retried only where asking twice is harmless.
import { NunetError } from '@nunet/shared/errors.ts';
import { retried, retryAfterMs, systemTiming, Transient, type Timing } from './retry.ts';

/** The largest honest answer is a page of 250 outputs with tokens, datums and reference scripts. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const RETRY_DELAYS_MS: readonly number[] = [250, 1_000];

export interface SourceOptions {
  /** Base URL, such as https://cardano-preprod.blockfrost.io/api/v0 or https://preprod.koios.rest/api/v1 */
  url: string;
  /** Blockfrost's project id, Koios' token. */
  projectId?: string;
  fetch?: typeof globalThis.fetch;
  /** For one attempt. */
  timeoutMs?: number;
  /** Pauses before a repeatable request is sent again, at most; their number is the number of repetitions. */
  retryDelaysMs?: readonly number[];
  timing?: Timing;
}

/** What differs from one kind of source to the next. */
export interface SourceKind {
  /** Goes with every request; holds the secret of this account, where there is one. */
  headers: Readonly<Record<string, string>>;
  /** Statuses whose body means something to the caller; each other one is thrown as `chain-unavailable`. */
  answers: readonly number[];
  /** What to do about a status that an account causes. */
  advice: Readonly<Record<number, string>>;
}

export interface SourceRequest {
  path: string;
  body?: { content: string | Uint8Array<ArrayBuffer>; contentType: string };
  /** True where the same request may be sent again after a failure. */
  repeatable: boolean;
  signal?: AbortSignal | undefined;
}

/** Status and parsed JSON; the text itself where a refusal (400) is not JSON. */
export interface SourceAnswer {
  status: number;
  json: unknown;
}

export type AskSource = (request: SourceRequest) => Promise<SourceAnswer>;

export const unavailable = (why: string, cause?: unknown): NunetError<'chain-unavailable'> =>
  new NunetError('chain-unavailable', `Cannot read the chain: ${why}`, { cause });

async function boundedText(response: Response, path: string): Promise<string> {
  const announced = Number(response.headers.get('content-length') ?? 0);
  if (announced > MAX_ANSWER_BYTES) throw unavailable(`${path} announces ${announced} bytes, at most ${MAX_ANSWER_BYTES} are read`);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  let size = 0;
  if (response.body === null) return text;
  const reader = response.body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.length;
    if (size > MAX_ANSWER_BYTES) {
      await reader.cancel();
      throw unavailable(`${path} sent more than ${MAX_ANSWER_BYTES} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** Throws `chain-unavailable` after the last attempt, and the signal's own reason when the caller gave up. */
export function sourceRequests(
  { url, fetch = globalThis.fetch, timeoutMs = 15_000, retryDelaysMs = RETRY_DELAYS_MS, timing = systemTiming }: SourceOptions,
  kind: SourceKind,
): AskSource {
  const base = new URL(url.endsWith('/') ? url : `${url}/`);
  const local = base.hostname === '127.0.0.1' || base.hostname === 'localhost' || base.hostname === '[::1]';
  if (base.protocol !== 'https:' && !(base.protocol === 'http:' && local)) {
    throw unavailable(`the source ${base.origin} is not encrypted, want https or a loopback address`);
  }

  const attempt = async ({ path, body, signal }: SourceRequest): Promise<SourceAnswer> => {
    const limit = AbortSignal.timeout(timeoutMs);
    const headers: Record<string, string> = { accept: 'application/json', ...kind.headers };
    if (body !== undefined) headers['content-type'] = body.contentType;
    let response: Response;
    let text: string;
    try {
      response = await fetch(new URL(path, base), {
        method: body === undefined ? 'GET' : 'POST',
        headers,
        ...(body === undefined ? {} : { body: body.content }),
        // A redirect would carry the account's secret to somebody else.
        redirect: 'error',
        signal: signal === undefined ? limit : AbortSignal.any([signal, limit]),
      });
      text = await boundedText(response, path);
    } catch (cause) {
      signal?.throwIfAborted();
      if (cause instanceof NunetError) throw cause;
      throw new Transient(limit.aborted ? `no answer to ${path} within ${timeoutMs} ms` : `no connection to ${base.host} for ${path}`, {
        cause,
      });
    }
    const { status } = response;
    const advice = kind.advice[status];
    if (advice !== undefined) throw unavailable(`${base.host} answers ${path} with status ${status}: ${advice}`);
    if (status === 429 || status >= 500) {
      const askedMs = retryAfterMs(response.headers.get('retry-after'), timing.now());
      throw new Transient(`${base.host} answers ${path} with status ${status}`, { askedMs });
    }
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (cause) {
      // A gateway or a submit service may word its refusal in plain text.
      if (status === 400 && kind.answers.includes(400)) return { status, json: text };
      throw new Transient(`${base.host} answers ${path} with something that is not JSON (status ${status}, ${text.length} characters)`, {
        cause,
      });
    }
    if (!kind.answers.includes(status)) throw unavailable(`${base.host} answers ${path} with status ${status}`);
    return { status, json };
  };

  return async (request) => {
    try {
      return await retried(() => attempt(request), {
        delaysMs: request.repeatable ? retryDelaysMs : [],
        timing,
        signal: request.signal,
      });
    } catch (error) {
      if (error instanceof Transient) throw unavailable(error.message, error.cause);
      throw error;
    }
  };
}
