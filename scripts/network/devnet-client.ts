// The devnet's own controls over HTTP: faucet, time, ledger dump.
import { NunetError } from '@nunet/shared/errors.ts';

export async function callDevnet(url: string, path: string, body?: unknown, method = 'POST'): Promise<unknown> {
  const response = await fetch(new URL(path, url), {
    ...(body === undefined ? {} : { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(30_000),
  });
  const text = await response.text();
  if (!response.ok) throw new NunetError('devnet-refused', `Cannot call ${path} of the devnet: ${response.status} ${text.slice(0, 300)}`);
  return JSON.parse(text) as unknown;
}
