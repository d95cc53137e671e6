// The one address of a vault's account, and its stake address (CIP-19), from its public keys.
import { addressOf } from '@nunet/contracts/address.ts';
import { addressText } from '@nunet/contracts/chain/address.ts';
import { blake2b } from '@noble/hashes/blake2.js';
import { bytesToHex, concatBytes, hexToBytes } from '@noble/hashes/utils.js';
import type { VaultAccount } from '../vault/messages.ts';

const hashOf = (publicKey: string): Uint8Array => blake2b(hexToBytes(publicKey), { dkLen: 28 });
/** CIP-19: stake address of a key, on a test network. */
const STAKE_HEADER = 0xe0;

/** Base address on a test network: payment 0 with stake 0. */
export const baseAddress = ({ payment, stake }: Pick<VaultAccount, 'payment' | 'stake'>): string =>
  addressOf({
    payment: { kind: 'key', hash: bytesToHex(hashOf(payment)) },
    stake: { kind: 'key', hash: bytesToHex(hashOf(stake)) },
  });

export const stakeAddressOf = ({ stake }: Pick<VaultAccount, 'stake'>): string =>
  addressText(concatBytes(Uint8Array.of(STAKE_HEADER), hashOf(stake)));
