// For tests: a host in the same process, with a whole vault and the builders behind real ports. It mounts no frames.
import { buildLock } from '@nunet/contracts/lock.ts';
import { buildPayment } from '@nunet/contracts/payment.ts';
import { buildReclaim } from '@nunet/contracts/reclaim.ts';
import { buildSettle } from '@nunet/contracts/settle.ts';
import { serveTransactions } from '../chain/transaction-worker.ts';
import type { HostEvent, HostRequest } from '../host/messages.ts';
import { HOST_HELLO } from '../messages.ts';
import type { VaultClient } from '../vault/client.ts';
import type { VaultAccount } from '../vault/messages.ts';
import { PASSWORD, secret, type SampleVault } from '../vault/sample-vault.ts';

/** As in extension/chain/mesh-builders.ts, without the shims that a browser needs. */
export const builders = { lock: buildLock, reclaim: buildReclaim, settle: buildSettle, pay: buildPayment };

export interface SampleHost {
  /** What the runner asked, in order. */
  readonly heard: HostRequest[];
  say(event: HostEvent, port?: MessagePort): void;
  close(): void;
}

/** `port`: one that was given to a runner's `connect`, from its other side. */
export function sampleHost(port: MessagePort, vault: SampleVault): SampleHost {
  const heard: HostRequest[] = [];
  const say = (event: HostEvent, given?: MessagePort): void => port.postMessage(event, given === undefined ? [] : [given]);
  port.onmessage = ({ data, ports: [given] }: MessageEvent<HostRequest>) => {
    // Whoever connects is told the state of the pages first.
    if ((data as { type: string }).type === 'app') return;
    heard.push(data);
    if (data.type === 'open-vault') say({ type: 'vault-port' }, vault.port());
    else if (data.type === 'transaction-worker' && given !== undefined) serveTransactions(given, builders);
  };
  port.postMessage(HOST_HELLO);
  return { heard, say, close: () => port.close() };
}

/** Makes a wallet over a page's client, of new words unless some are given, and gives its first account. */
export async function createWallet(client: VaultClient, words: string | null = null): Promise<VaultAccount> {
  const create = (): Promise<null> =>
    client.ask({ type: 'create', password: secret(PASSWORD), words: words === null ? null : secret(words) });
  // A vault that has just ended says so, and the next one takes it.
  await create().catch(create);
  const { accounts } = await client.ask({ type: 'state' });
  const [account] = accounts;
  if (account === undefined) throw new Error('the wallet has no account');
  return account;
}
