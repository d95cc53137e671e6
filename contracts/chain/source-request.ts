// One request to a chain source: bounded in time and size, retried only where asking twice is harmless.
import { NunetError } from '@nunet/shared/errors.ts';

/** The largest honest answer is a page of 100 outputs with tokens and datums. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const RETRY_DELAYS_MS: readonly number[] = [200, 800];

export interface SourceOptions {
  /** Base URL, such as https://cardano-preprod.blockfrost.io/api/v0 */
  url: string;
  projectId?: string;
  fetch?: typeof globalThis.fetch;
  /** For one attempt. */
  timeoutMs?: number;
  /** Pauses before a repeatable request is sent again; their number is the number of repetitions. */
  retryDelaysMs?: readonly number[];
}

export interface SourceRequest {
  path: string;
  body?: { content: string | Uint8Array<ArrayBuffer>; contentType: string };
  /** True where the same request may be sent again after a failure. */
  repeatable: boolean;
  signal?: AbortSignal | undefined;
}

/** Status and parsed JSON; only 200, 400, 404 and 425 come back, everything else is thrown as `chain-unavailable`. */
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

/** Waits, or throws the signal's reason at once. */
function pause(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', aborted);
      resolve();
    }, delayMs);
    signal?.addEventListener('abort', aborted, { once: true });
  });
}

class Transient extends Error {}

/** Throws `chain-unavailable` after the last attempt, and the signal's own reason when the caller gave up. */
export function sourceRequests({
  url,
  projectId,
  fetch = globalThis.fetch,
  timeoutMs = 15_000,
  retryDelaysMs = RETRY_DELAYS_MS,
}: SourceOptions): AskSource {
  const base = new URL(url.endsWith('/') ? url : `${url}/`);
  const local = base.hostname === '127.0.0.1' || base.hostname === 'localhost' || base.hostname === '[::1]';
  if (base.protocol !== 'https:' && !(base.protocol === 'http:' && local)) {
    throw unavailable(`the source ${base.origin} is not encrypted, want https or a loopback address`);
  }

  const attempt = async ({ path, body, signal }: SourceRequest): Promise<SourceAnswer> => {
    const limit = AbortSignal.timeout(timeoutMs);
    const headers: Record<string, string> = { accept: 'application/json' };
    if (projectId !== undefined) headers['project_id'] = projectId;
    if (body !== undefined) headers['content-type'] = body.contentType;
    let response: Response;
    let text: string;
    try {
      response = await fetch(new URL(path, base), {
        method: body === undefined ? 'GET' : 'POST',
        headers,
        ...(body === undefined ? {} : { body: body.content }),
        // A redirect would carry the project id to somebody else.
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
    if (status === 402 || status === 403 || status === 418)
      throw unavailable(`${base.host} refuses this project id or its quota is used up (status ${status})`);
    if (status === 429 || status >= 500) throw new Transient(`${base.host} answers ${path} with status ${status}`);
    let json: unknown;
    try {
      json = JSON.parse(text);
    } catch (cause) {
      throw new Transient(`${base.host} answers ${path} with something that is not JSON (status ${status}, ${text.length} characters)`, {
        cause,
      });
    }
    if (status !== 200 && status !== 400 && status !== 404 && status !== 425)
      throw unavailable(`${base.host} answers ${path} with status ${status}`);
    return { status, json };
  };

  return async (request) => {
    const delays = request.repeatable ? retryDelaysMs : [];
    for (let tried = 0; ; tried++) {
      request.signal?.throwIfAborted();
      try {
        return await attempt(request);
      } catch (error) {
        if (!(error instanceof Transient)) throw error;
        const delay = delays[tried];
        if (delay === undefined) throw unavailable(`${error.message}${tried > 0 ? `, tried ${tried + 1} times` : ''}`, error.cause);
        await pause(delay, request.signal);
      }
    }
  };
}
