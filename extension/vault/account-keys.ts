// The keys of an account by CIP-1852 and CIP-105: m/1852'/1815'/account'/role/0, one address an account, as Lace has it.
import { keyHashBytes } from '@nunet/contracts/key-hash.ts';
import { bytesToHex, concatBytes } from '@noble/hashes/utils.js';
import { HARD, keyAt, publicKeyOf, type ExtendedKey } from './bip32-ed25519.ts';
import type { KeyRole, VaultAccount } from './messages.ts';

const PURPOSE = HARD + 1852;
const COIN = HARD + 1815;
const ROLE: Record<KeyRole, number> = { payment: 0, stake: 2, drep: 3 };
/** More than anybody asked for; bounds what is kept readable beside the vault. */
export const MAX_ACCOUNTS = 100;

/** Lends the key of a role to `use` and zeroes it afterwards. */
export async function withKey<T>(
  master: ExtendedKey,
  account: number,
  role: KeyRole,
  use: (key: ExtendedKey) => T | Promise<T>,
): Promise<T> {
  const key = keyAt(master, [PURPOSE, COIN, HARD + account, ROLE[role], 0]);
  try {
    return await use(key);
  } finally {
    key.fill(0);
  }
}

/** What is public of an account. */
export function accountOf(master: ExtendedKey, index: number, name: string): VaultAccount {
  const root = keyAt(master, [PURPOSE, COIN, HARD + index]);
  const publicKey = (role: KeyRole): string => {
    const key = keyAt(root, [ROLE[role], 0]);
    try {
      return bytesToHex(publicKeyOf(key));
    } finally {
      key.fill(0);
    }
  };
  try {
    return { index, name, payment: publicKey('payment'), stake: publicKey('stake'), drep: publicKey('drep') };
  } finally {
    root.fill(0);
  }
}

/** CIP-19, header byte first, on any test network. */
export interface AccountAddresses {
  /** Type 0: payment key and stake key. Where the account receives. */
  base: Uint8Array;
  /** Type 6: payment key alone. */
  enterprise: Uint8Array;
  /** Type 14: rewards of the stake key. */
  reward: Uint8Array;
}

export function addressesOf({ payment, stake }: Pick<VaultAccount, 'payment' | 'stake'>): AccountAddresses {
  const pay = keyHashBytes(payment);
  const delegate = keyHashBytes(stake);
  return {
    base: concatBytes(Uint8Array.of(0x00), pay, delegate),
    enterprise: concatBytes(Uint8Array.of(0x60), pay),
    reward: concatBytes(Uint8Array.of(0xe0), delegate),
  };
}
