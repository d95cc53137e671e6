// Answers of the fake runner about the wallet's money, for tests of pages and for looking at them. Never shipped.
import type { Contact, HistoryEntry, WalletRequest } from '../wallet/messages.ts';

const HOUR_MS = 3_600_000;

const entry = (change: Partial<HistoryEntry>): HistoryEntry => ({
  txId: '00'.repeat(32),
  timeMs: 0,
  confirmations: 120,
  lovelace: 0n,
  feeLovelace: 172_321n,
  tokens: [],
  counterparties: [],
  kind: 'own',
  memo: null,
  ...change,
});

const ntx = (quantity: bigint): HistoryEntry['tokens'] => [{ unit: 'ntx', label: 'NTX', quantity, decimals: 6 }];

const sampleHistory = (nowMs: number): HistoryEntry[] => [
  entry({ txId: 'a1'.repeat(32), timeMs: nowMs - HOUR_MS / 2, kind: 'lock', lovelace: -3_689_345n, tokens: ntx(-4_250_000n) }),
  entry({ txId: 'a2'.repeat(32), timeMs: nowMs - HOUR_MS, kind: 'settle', lovelace: 1_714_000n, tokens: ntx(3_978_000n) }),
  entry({
    txId: 'a3'.repeat(32),
    timeMs: nowMs - 26 * HOUR_MS,
    kind: 'received',
    lovelace: 250_000_000n,
    counterparties: ['addr_test1vqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qcyqcyq'],
    memo: 'for the digits',
  }),
];

/** Contacts are kept in the given list. A built payment is no transaction. */
export function fakeWalletAnswer(request: WalletRequest, contacts: Contact[], nowMs: number): unknown {
  switch (request.type) {
    case 'address-book':
      return { contacts };
    case 'save-contact':
      contacts.push({ name: request.name, address: request.address });
      return null;
    case 'remove-contact':
      contacts.splice(0, contacts.length, ...contacts.filter(({ address }) => address !== request.address));
      return null;
    case 'history':
      return { entries: sampleHistory(nowMs), next: null };
    case 'history-csv':
      return { csv: 'time,transaction\r\n', isWhole: true };
    case 'build-payment':
      return { cbor: '84a0', fee: 172_321n, lovelace: request.lovelace ?? 1_200_000n, validUntilMs: nowMs + HOUR_MS };
    case 'build-collateral':
    case 'token-image':
      return request.type === 'token-image' ? { image: null } : null;
    case 'submit':
      return { txId: 'ab'.repeat(32) };
    default:
      return null;
  }
}
