// A wallet for tests of the payout statement: a raw key, its address, and its signatures as a wallet makes them.
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { addressOf } from '@nunet/contracts/address.ts';
import { addressBytes } from '@nunet/contracts/chain/address.ts';
import { coseKey, coseSign1, signatureStructure } from '@nunet/contracts/cose.ts';
import { publicKeyHash } from '@nunet/contracts/key-hash.ts';
import type { PayoutSignature } from '@nunet/shared/payout-statement.ts';

export interface TestWallet {
  address: string;
  /** `as`: another address in the headers than its own. */
  sign(text: string, as?: string): PayoutSignature;
}

export function testWallet(byte: number): TestWallet {
  const secret = new Uint8Array(32).fill(byte);
  const publicKey = ed25519.getPublicKey(secret);
  const address = addressOf({
    payment: { kind: 'key', hash: publicKeyHash(bytesToHex(publicKey)) },
    stake: { kind: 'key', hash: publicKeyHash('ab'.repeat(32)) },
  });
  return {
    address,
    sign(text, as = address) {
      const [signer, payload] = [addressBytes(as), utf8ToBytes(text)];
      const signature = ed25519.sign(signatureStructure(signer, payload), secret);
      return { signature: bytesToHex(coseSign1(signer, payload, signature)), key: bytesToHex(coseKey(publicKey)) };
    },
  };
}
