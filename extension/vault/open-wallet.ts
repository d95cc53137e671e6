// What an open wallet holds in memory, and nothing more: the master key and the root of the derived keys. Overwritten when it closes.
import { bytesToHex } from '@noble/hashes/utils.js';
import { accountOf, withKey } from './account-keys.ts';
import { masterKey } from './bip32-ed25519.ts';
import { jobSeed, ownerSeed, rootOf, seedPair } from './derived-keys.ts';
import type { VaultAccount } from './messages.ts';
import type { Lend } from './sign-prepared.ts';

export interface OpenWallet {
  account(index: number, name: string): VaultAccount;
  lendOf(account: number): Lend;
  jobKey(keyId: string): string;
  ownerKey(peerId: string): string;
  /** For the approved jobs; overwritten by `close`. */
  readonly root: Uint8Array;
  close(): void;
}

function publicKeyAndForget(seed: Uint8Array): string {
  try {
    return bytesToHex(seedPair(seed).publicKey);
  } finally {
    seed.fill(0);
  }
}

/** The caller zeroes the entropy. */
export function openWallet(entropy: Uint8Array): OpenWallet {
  const master = masterKey(entropy);
  const root = rootOf(entropy);
  return {
    account: (index, name) => accountOf(master, index, name),
    lendOf: (account) => (role, use) => withKey(master, account, role, use),
    jobKey: (keyId) => publicKeyAndForget(jobSeed(root, keyId)),
    ownerKey: (peerId) => publicKeyAndForget(ownerSeed(root, peerId)),
    root,
    close() {
      master.fill(0);
      root.fill(0);
    },
  };
}
