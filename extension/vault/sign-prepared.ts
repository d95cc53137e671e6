// Signs what was approved, exactly the bytes that were proposed, all or none.
import type { KeyWitness } from '@nunet/contracts/sign.ts';
import { bytesToHex } from '@noble/hashes/utils.js';
import { publicKeyOf, signExtended, type ExtendedKey } from './bip32-ed25519.ts';
import { coseKey, coseSign1 } from '@nunet/contracts/cose.ts';
import type { KeyRole, VaultAnswers } from './messages.ts';
import type { Prepared, Signing } from './prepared.ts';
import { signVerified, type Verify } from './verified-signature.ts';

/** Lends the key of a role of the account, and takes it back. */
export type Lend = <T>(role: KeyRole, use: (key: ExtendedKey) => Promise<T>) => Promise<T>;

interface RawWitness {
  publicKey: Uint8Array;
  signature: Uint8Array;
}

function witness(role: KeyRole, message: Uint8Array, lend: Lend, second: Verify): Promise<RawWitness> {
  return lend(role, async (key) => {
    const publicKey = publicKeyOf(key);
    const signature = await signVerified({ publicKey, sign: (bytes) => signExtended(key, bytes, publicKey) }, message, second);
    return { publicKey, signature };
  });
}

/** One witness a role. */
export async function witnesses({ message, roles }: Signing, lend: Lend, second: Verify): Promise<KeyWitness[]> {
  const made: KeyWitness[] = [];
  for (const role of roles) {
    const { publicKey, signature } = await witness(role, message, lend, second);
    made.push({ publicKey: bytesToHex(publicKey), signature: bytesToHex(signature) });
  }
  return made;
}

export async function signPrepared(
  prepared: Exclude<Prepared, { kind: 'owner' }>,
  lend: Lend,
  second: Verify,
): Promise<VaultAnswers['approve']> {
  if (prepared.kind === 'data') {
    const [{ message, roles }] = prepared.signings;
    const [role] = roles;
    if (role === undefined) throw new TypeError('data is signed by one key');
    const { publicKey, signature } = await witness(role, message, lend, second);
    return {
      kind: 'data',
      signature: bytesToHex(coseSign1(prepared.address, prepared.payload, signature)),
      key: bytesToHex(coseKey(publicKey)),
    };
  }
  const all: KeyWitness[][] = [];
  for (const signing of prepared.signings) all.push(await witnesses(signing, lend, second));
  return { kind: 'transactions', witnesses: all };
}
