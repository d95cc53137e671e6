// Every failure leaves as problem+json (RFC 9457) with a stable code; nothing of anybody else's error does.
import { HTTPException } from 'hono/http-exception';
import { NunetError, safeError } from '@nunet/shared/errors.ts';

/** Codes that are not the sender's wrong content (422). */
const STATUS: Readonly<Record<string, number>> = {
  'request-unsigned': 401,
  'request-expired': 401,
  'request-misdirected': 401,
  'request-forged': 401,
  'request-replayed': 401,
  'oracle-foreign': 403,
  'not-a-party': 403,
  'telemetry-foreign': 403,
  'peer-revoked': 403,
  'not-found': 404,
  'manifest-unknown': 404,
  'sealed-key-unknown': 404,
  'request-slow': 408,
  'lock-unknown': 409,
  'lock-spent': 409,
  'bytes-too-large': 413,
  'content-type': 415,
  'bytes-invalid': 400,
  'message-invalid': 400,
  'rate-limited': 429,
  'oracle-full': 503,
  'chain-unavailable': 503,
  'chain-disagrees': 503,
  aborted: 503,
  internal: 500,
};

export interface Problem {
  type: 'about:blank';
  title: string;
  status: number;
  code: string;
  detail: string;
}

export function problemOf(error: unknown): Problem {
  if (error instanceof HTTPException) {
    return {
      type: 'about:blank',
      title: 'Bad request',
      status: error.status,
      code: 'request-invalid',
      detail: error.message.slice(0, 200),
    };
  }
  const isTimeout = error instanceof Error && error.name === 'TimeoutError';
  const { code, message } = isTimeout
    ? { code: 'aborted', message: 'The chain or another oracle did not answer in time; try again.' }
    : safeError(error);
  const status = STATUS[code] ?? (error instanceof NunetError ? 422 : 500);
  return { type: 'about:blank', title: status >= 500 ? 'Cannot answer now' : 'Refused', status, code, detail: message };
}

export const problemResponse = (error: unknown): Response => {
  const problem = problemOf(error);
  return new Response(JSON.stringify(problem), {
    status: problem.status,
    headers: {
      'content-type': 'application/problem+json',
      ...(problem.status === 429 || problem.status === 503 ? { 'retry-after': '5' } : {}),
    },
  });
};
