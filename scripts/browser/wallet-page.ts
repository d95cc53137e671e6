// Runs inside a page of the extension, put there by benches: the wallet driven through its own clients, without its pages.
import './no-eval.ts';
import { ENSURE_HOST, RUNNER } from '@nunet/extension/host/names.ts';
import { RunnerClient } from '@nunet/extension/ui/runner-client.ts';
import { VaultClient } from '@nunet/extension/vault/client.ts';
import { VAULT } from '@nunet/extension/vault/messages.ts';
import type { WalletView } from '@nunet/extension/wallet/messages.ts';

declare const chrome: { runtime: { sendMessage(message: unknown): Promise<unknown> } };

const every = (ms: number, act: () => void): (() => void) => {
  const timer = setInterval(act, ms);
  return () => clearInterval(timer);
};
const vault = new VaultClient({
  open: () => new SharedWorker(VAULT.script, { name: VAULT.name }).port,
  now: () => Date.now(),
  every,
  after: (ms, act) => void setTimeout(act, ms),
});
let vaultState = '';
vault.onState(({ state }) => (vaultState = state));
const runner = new RunnerClient({
  open: () => new SharedWorker(RUNNER.script, { name: RUNNER.name }).port,
  ensureHost: () => void chrome.runtime.sendMessage(ENSURE_HOST).catch(() => undefined),
  now: () => Date.now(),
  every,
});

const password = (): Uint8Array => new TextEncoder().encode('benches are no place for a real password');
const pause = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

async function until<Value>(what: string, look: () => Value | null | undefined | false): Promise<Value> {
  for (const end = Date.now() + 60_000; Date.now() < end; await pause(5)) {
    const value = look();
    if (value !== null && value !== undefined && value !== false) return value;
  }
  throw new Error(`${what} did not come within a minute`);
}

/** A request that is never answered must not hold a bench for ever. */
const inTime = <Value>(what: string, answer: Promise<Value>): Promise<Value> =>
  Promise.race([
    answer,
    pause(30_000).then(() => {
      throw new Error(`${what} was not answered within 30 seconds`);
    }),
  ]);

const wallet = (): WalletView | null => runner.app.value?.wallet ?? null;

/** Another wallet's (CIP-19's example). */
const ELSEWHERE = 'addr_test1qz2fxv2umyhttkxyxp8x0dlpdt3k6cwng5pxj3jhsydzer3jcu5d8ps7zex2k2xt3uqxgjqnnj83ws8lhrn648jjxtwq2ytjqp';

const api = {
  /** A new wallet on this devnet with money of its faucet. */
  async start(devnetUrl: string): Promise<void> {
    await inTime('create', vault.ask({ type: 'create', password: password(), words: null }));
    await inTime('connect', runner.ask({ type: 'connect', to: { network: 'devnet', url: devnetUrl } }));
    await until('the wallet', wallet);
    await inTime('fund', runner.ask({ type: 'fund' }));
    await until('the faucet’s money', () => (wallet()?.baseUnits ?? 0n) > 0n);
  },

  /** Milliseconds from a locked wallet, whose worker has ended, to an open one. */
  async unlock(): Promise<number> {
    await inTime('lock', vault.ask({ type: 'lock' }));
    await until('the lock', () => vaultState === 'locked');
    // The next worker has started: a person types for longer than that.
    await inTime('state', vault.ask({ type: 'state' }));
    const started = performance.now();
    await inTime('unlock', vault.ask({ type: 'unlock', password: password() }));
    return performance.now() - started;
  },

  /** A payment as the pages make one, less the person: building it, and the vault's two parts. The time until a click counts is no work. */
  async pay(): Promise<{ buildMs: number; signMs: number }> {
    const started = performance.now();
    const { cbor } = await inTime(
      'build-payment',
      runner.ask({ type: 'build-payment', to: ELSEWHERE, lovelace: 2_000_000n, tokens: [], isAll: false, memo: '' }),
    );
    const builtAt = performance.now();
    const { approvalId, notBeforeMs } = await inTime(
      'propose',
      vault.ask({
        type: 'propose',
        proposal: {
          origin: null,
          frame: 'bench',
          account: wallet()?.account ?? 0,
          network: 'devnet',
          what: { kind: 'transactions', transactions: [{ cbor, roles: ['payment'] }] },
        },
      }),
    );
    const proposedAt = performance.now();
    await pause(Math.max(0, notBeforeMs - Date.now()) + 20);
    const clickedAt = performance.now();
    await inTime('approve', vault.ask({ type: 'approve', approvalId, password: null }));
    return { buildMs: builtAt - started, signMs: proposedAt - builtAt + (performance.now() - clickedAt) };
  },
};
export type WalletPage = typeof api;
Object.assign(globalThis, { nunetWallet: api });
