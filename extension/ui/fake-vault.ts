// FakeVault: plays the vault's side of extension/vault/messages.ts with no key in it, for tests of pages and for looking at them. Never shipped.
import { bytesToHex } from '@noble/hashes/utils.js';
import { blake2b256, encode } from '@nunet/shared/encoding.ts';
import type { FromVault, ToVault, VaultRequest, VaultState } from '../vault/messages.ts';

const PASSWORD = 'right';

export const sampleVault = (change: Partial<VaultState> = {}): VaultState => ({
  state: 'open',
  problem: null,
  accounts: ['Main', 'Savings'].map((name, index) => ({
    index,
    name,
    payment: `${index}0`.repeat(32),
    stake: `${index}2`.repeat(32),
    drep: `${index}3`.repeat(32),
  })),
  selected: 0,
  isBackedUp: true,
  autoLockMinutes: 10,
  locksAtMs: null,
  retryAtMs: null,
  jobs: [],
  ...change,
});

export class FakeVault {
  state: VaultState;
  readonly asked: VaultRequest['type'][] = [];
  readonly #ports = new Set<MessagePort>();

  constructor(state: VaultState) {
    this.state = state;
  }

  open(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#ports.add(port1);
    port1.onmessage = ({ data }: MessageEvent<ToVault>) => this.#answer(port1, data);
    port1.start();
    this.#say(port1, { type: 'state', state: this.state });
    return port2;
  }

  set(change: Partial<VaultState>): void {
    this.state = { ...this.state, ...change };
    for (const port of this.#ports) this.#say(port, { type: 'state', state: this.state });
  }

  #say(port: MessagePort, message: FromVault): void {
    port.postMessage(message);
  }

  #answer(port: MessagePort, { id, request }: ToVault): void {
    this.asked.push(request.type);
    const fail = (code: string): void => this.#say(port, { type: 'failed', id, code, message: 'the fake says no' });
    let value: unknown = null;
    switch (request.type) {
      case 'unlock':
        if (new TextDecoder().decode(request.password) !== PASSWORD) return fail('password-wrong');
        this.set({ state: 'open' });
        break;
      case 'lock':
        this.set({ state: 'locked' });
        break;
      case 'select-account':
        this.set({ selected: request.index });
        break;
      case 'state':
        value = this.state;
        break;
      case 'touch':
        break;
      case 'propose': {
        const { what } = request.proposal;
        if (what.kind !== 'owner') return fail('request-invalid');
        value = { approvalId: '0'.repeat(32), hashes: [bytesToHex(blake2b256(encode(what.order)))], notBeforeMs: 0, wantsPassword: false };
        break;
      }
      case 'refuse':
        break;
      default:
        return fail('request-invalid');
    }
    this.#say(port, { type: 'reply', id, value, closing: null });
  }
}
