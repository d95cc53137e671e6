// The flow against a vault that behaves as extension/vault does: what was shown is what is approved, and a lock in between takes it away.
import { signal } from '@preact/signals';
import { NunetError } from '@nunet/shared/errors.ts';
import { describe, expect, test, vi } from 'vitest';
import type { Proposal, VaultRequest, VaultState } from '../vault/messages.ts';
import { startSigning, type SigningNeeds } from './signing.ts';

const proposal: Proposal = {
  origin: 'https://app.example',
  frame: '1:0',
  account: 0,
  network: 'devnet',
  what: { kind: 'transactions', transactions: [{ cbor: '84', roles: ['payment'] }] },
};
const signed = { kind: 'transactions', witnesses: [[{ publicKey: 'aa', signature: 'bb' }]] };

interface FakeVault {
  state?: VaultState['state'];
  hashes?: string[];
  wantsPassword?: boolean;
}

/** Approvals by id; `hashes` are what it says that it was given. */
function fakeVault({ state = 'open', hashes = ['h1'], wantsPassword = false }: FakeVault = {}) {
  const listeners = new Set<(state: VaultState) => void>();
  const now = (next: VaultState['state']) => ({ state: next, problem: null, accounts: [], selected: 0 }) as unknown as VaultState;
  const shown = signal<VaultState | null>(now(state));
  const waiting = new Set<string>();
  const asked: VaultRequest['type'][] = [];
  let made = 0;
  const tell = (next: VaultState['state']): void => {
    waiting.clear();
    shown.value = now(next);
    for (const listener of listeners) listener(shown.value);
  };
  const answer = (request: VaultRequest): unknown => {
    asked.push(request.type);
    switch (request.type) {
      case 'unlock':
        if (request.password.join() !== '1') throw new NunetError('password-wrong', 'no');
        tell('open');
        return null;
      case 'propose': {
        if (shown.value?.state !== 'open') throw new NunetError('vault-locked', 'locked');
        const approvalId = `id${(made += 1)}`;
        waiting.add(approvalId);
        return { approvalId, hashes, notBeforeMs: 600, wantsPassword };
      }
      case 'approve':
        if (!waiting.has(request.approvalId)) throw new NunetError('approval-unknown', 'gone');
        if (wantsPassword && request.password?.join() !== '1') throw new NunetError('password-wrong', 'no');
        waiting.delete(request.approvalId);
        return signed;
      case 'refuse':
        waiting.delete(request.approvalId);
        return null;
      default:
        throw new Error(request.type);
    }
  };
  const vault: SigningNeeds['vault'] = {
    state: shown,
    ask: (async (request: VaultRequest) => {
      await Promise.resolve();
      return answer(request);
    }) as SigningNeeds['vault']['ask'],
    onState: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  return { vault, waiting, asked, tell, listeners };
}

function begin(options: FakeVault = {}, hashes = ['h1'], onSigned: SigningNeeds['onSigned'] = () => undefined) {
  const fake = fakeVault(options);
  const told = { signed: vi.fn(onSigned), refused: vi.fn() };
  const signing = startSigning({ vault: fake.vault, proposal, hashes, onSigned: told.signed, onRefused: told.refused });
  const until = (step: string) => vi.waitFor(() => expect(signing.state.value.step).toBe(step));
  return { ...fake, signing, told, until };
}

test('what was proposed is approved once, and handed on', async () => {
  const { signing, told, until, waiting } = begin();
  await until('ready');
  await signing.approve(null);
  expect(told.signed).toHaveBeenCalledExactlyOnceWith(signed);
  expect(signing.state.value).toEqual({ step: 'signed' });
  await signing.approve(null);
  expect(told.signed).toHaveBeenCalledTimes(1);
  expect(waiting.size).toBe(0);
});

test('a locked wallet is opened inside the flow, and then what is shown is proposed', async () => {
  const { signing, until, asked } = begin({ state: 'locked' });
  await until('locked');
  expect(asked).toEqual([]);
  await signing.unlock(Uint8Array.of(9));
  expect(signing.problem.value?.code).toBe('password-wrong');
  const password = Uint8Array.of(1);
  await signing.unlock(password);
  await until('ready');
  expect(signing.problem.value).toBeNull();
  expect(password).toEqual(Uint8Array.of(0));
});

test('a refusal is told once, and nothing of it waits in the vault', async () => {
  const { signing, told, until, waiting } = begin();
  await until('ready');
  signing.refuse();
  signing.refuse();
  expect(told.refused).toHaveBeenCalledTimes(1);
  await vi.waitFor(() => expect(waiting.size).toBe(0));
});

test('a wrong password may be tried again; its bytes are overwritten each time', async () => {
  const { signing, told, until } = begin({ wantsPassword: true });
  await until('ready');
  const wrong = Uint8Array.of(7);
  await signing.approve(wrong);
  expect(signing.problem.value?.code).toBe('password-wrong');
  expect(signing.state.value.step).toBe('ready');
  expect(wrong).toEqual(Uint8Array.of(0));
  await signing.approve(Uint8Array.of(1));
  expect(told.signed).toHaveBeenCalledTimes(1);
});

test('what fails after the signature is said', async () => {
  const { signing, until } = begin({}, ['h1'], async () => {
    await Promise.resolve();
    throw new NunetError('chain-rejected', 'no');
  });
  await until('ready');
  await signing.approve(null);
  expect(signing.state.value).toEqual({ step: 'failed', because: { code: 'chain-rejected', message: 'no' } });
});

describe('cannot be approved', () => {
  test('when the vault was given other bytes than are shown', async () => {
    const { signing, told, until, waiting } = begin({ hashes: ['h2'] });
    await until('failed');
    expect(signing.state.value).toMatchObject({ because: { code: 'preview-mismatch' } });
    await vi.waitFor(() => expect(waiting.size).toBe(0));
    await signing.approve(null);
    expect(told.signed).not.toHaveBeenCalled();
  });

  test('when some of the shown are missing', async () => {
    const { until } = begin({ hashes: ['h1'] }, ['h1', 'h2']);
    await until('failed');
  });

  test('after a lock in the middle: it waits for the password and is proposed anew', async () => {
    const { signing, told, until, tell, asked } = begin();
    await until('ready');
    tell('locked');
    await until('locked');
    await signing.approve(null);
    expect(told.signed).not.toHaveBeenCalled();
    await signing.unlock(Uint8Array.of(1));
    await until('ready');
    expect(signing.state.value).toMatchObject({ approvalId: 'id2' });
    expect(asked.filter((type) => type === 'propose')).toHaveLength(2);
  });

  test('when something changed in the vault; asking again shows it anew', async () => {
    const { signing, told, until, waiting } = begin();
    await until('ready');
    waiting.clear();
    await signing.approve(null);
    expect(signing.state.value).toMatchObject({ step: 'failed', because: { code: 'approval-unknown' } });
    signing.again();
    await until('ready');
    await signing.approve(null);
    expect(told.signed).toHaveBeenCalledTimes(1);
  });

  test('once the sheet is gone', async () => {
    const { signing, told, until, waiting, listeners } = begin();
    await until('ready');
    signing.end();
    await vi.waitFor(() => expect(waiting.size).toBe(0));
    await signing.approve(null);
    expect(told.signed).not.toHaveBeenCalled();
    expect(listeners.size).toBe(0);
  });

  test('once the sheet is gone before the vault has answered', async () => {
    const { signing, waiting, asked } = begin();
    signing.end();
    await vi.waitFor(() => expect(asked).toEqual(['propose', 'refuse']));
    expect(waiting.size).toBe(0);
  });

  test('without a wallet', async () => {
    const { signing, until, tell } = begin();
    await until('ready');
    tell('empty');
    await until('failed');
    expect(signing.state.value).toMatchObject({ because: { code: 'vault-empty' } });
  });
});
