// The one address of a vault's account, and its stake address (CIP-19), from its public keys.
import { keyHashBytes, publicKeyHash } from '@nunet/contracts/key-hash.ts';
import { addressOf } from '@nunet/contracts/address.ts';
import { addressText } from '@nunet/contracts/chain/address.ts';
import { concatBytes } from '@noble/hashes/utils.js';
import type { VaultAccount } from '../vault/messages.ts';

/** CIP-19: stake address of a key, on a test network. */
const STAKE_HEADER = 0xe0;

/** Base address on a test network: payment 0 with stake 0. */
export const baseAddress = ({ payment, stake }: Pick<VaultAccount, 'payment' | 'stake'>): string =>
  addressOf({
    payment: { kind: 'key', hash: publicKeyHash(payment) },
    stake: { kind: 'key', hash: publicKeyHash(stake) },
  });

export const stakeAddressOf = ({ stake }: Pick<VaultAccount, 'stake'>): string =>
  addressText(concatBytes(Uint8Array.of(STAKE_HEADER), keyHashBytes(stake)));
