// PayoutProof: is this CIP-8 signature the address's own, and may this statement follow the one before? Pure; each "no" is an error with its reason.
import { addressParts } from '@nunet/contracts/address.ts';
import { addressBytes } from '@nunet/contracts/chain/address.ts';
import { asArray, asBytes, readCbor } from '@nunet/contracts/chain/cbor.ts';
import { coseKey, coseSign1, signatureStructure } from '@nunet/contracts/cose.ts';
import { publicKeyHash } from '@nunet/contracts/key-hash.ts';
import { equalBytes } from '@noble/curves/utils.js';
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import type { Network } from '@nunet/shared/fields.ts';
import {
  MAX_PAYOUT_LIFETIME_MS,
  MAX_PAYOUT_TEXT,
  parsePayoutText,
  payoutText,
  type PayoutSignature,
  type PayoutStatement,
} from '@nunet/shared/payout-statement.ts';
import { verifySignature } from '@nunet/shared/signature.ts';

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;

const refused = (code: string, why: string, wanted: string): NunetError =>
  new NunetError(code, `Cannot take the payout statement: ${why}, want ${wanted}`);

/** The text inside a COSE_Sign1; nothing of it is believed yet. Throws `payout-proof-invalid`. */
function textIn(signature: Uint8Array): string {
  try {
    const parts = asArray(readCbor(signature));
    const payload = asBytes(parts[2]);
    if (parts.length !== 4 || payload.length > MAX_PAYOUT_TEXT) throw new Error('not of four parts');
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(payload);
  } catch (cause) {
    throw new NunetError(
      'payout-proof-invalid',
      'Cannot take the payout statement: the signature is no COSE_Sign1 of a text, want what the wallet gave',
      {
        cause,
      },
    );
  }
}

/**
 * The signature of `text` by the key of `address`, in the one encoding that CIP-30 wallets make: compared byte by byte with what they
 * would have made, so that no header is left unread. Throws `payout-proof-*`.
 */
export function checkPayoutSignature({ signature, key }: PayoutSignature, text: string, address: string): void {
  const keyBytes = hexToBytes(key);
  const publicKey = keyBytes.subarray(-KEY_BYTES);
  if (publicKey.length !== KEY_BYTES || !equalBytes(coseKey(publicKey), keyBytes))
    throw refused('payout-proof-encoding', 'the key is not encoded as wallets do', 'a COSE_Key of an Ed25519 key (CIP-30)');
  const { payment } = addressParts(address);
  if (payment.kind !== 'key')
    throw refused('payout-proof-script', `${address.slice(0, 24)}... belongs to a script`, 'an address of a key, which can sign');
  if (publicKeyHash(bytesToHex(publicKey)) !== payment.hash)
    throw refused('payout-proof-key', 'it is signed by another key', `the payment key of ${address}`);
  const bytes = hexToBytes(signature);
  const raw = bytes.subarray(-SIGNATURE_BYTES);
  const [signer, payload] = [addressBytes(address), utf8ToBytes(text)];
  // Two forms are in use: without the key in its headers, as ours, and with it, as Mesh has it.
  const forms = [undefined, publicKey].filter(
    (keyId) => raw.length === SIGNATURE_BYTES && equalBytes(coseSign1(signer, payload, raw, keyId), bytes),
  );
  if (forms.length === 0)
    throw refused(
      'payout-proof-encoding',
      'the signature is of another address or text, or not encoded as wallets do',
      `a COSE_Sign1 (CIP-8) of this text by ${address}, its payload not hashed`,
    );
  if (!verifySignature(raw, signatureStructure(signer, payload, forms[0]), bytesToHex(publicKey)))
    throw refused('payout-proof-signature', 'its signature does not match', `a signature by the payment key of ${address}`);
}

/** Whose wallets sign a statement: the new address's, and the one before where that is another. */
export const payoutSigners = ({ address, previous }: PayoutStatement): string[] =>
  previous === null || previous === address ? [address] : [address, previous];

export interface PayoutContext {
  network: Network;
  /** Peer id of this agent. */
  agent: string;
  /** The statement before; null for the first. */
  before: PayoutStatement | null;
}

/**
 * A statement with the signatures of all who must sign it, in any order. Whether it is still valid is for the caller to ask.
 * Throws `payout-*`.
 */
export function openPayout(proofs: readonly PayoutSignature[], { network, agent, before }: PayoutContext): PayoutStatement {
  const [first, ...others] = proofs;
  if (first === undefined) throw refused('payout-proof-missing', 'there is no signature', 'that of the payout address');
  const text = textIn(hexToBytes(first.signature));
  const statement = parsePayoutText(text);
  if (others.some((other) => textIn(hexToBytes(other.signature)) !== text))
    throw refused('payout-proof-differ', 'the signatures are of different statements', 'all of them of the same one');
  if (statement.network !== network) throw refused('payout-other-network', `it is for ${statement.network}`, `one for ${network}`);
  if (statement.agent !== agent) throw refused('payout-other-agent', `it is for agent ${statement.agent}`, `one for ${agent}`);
  const sequence = (before?.sequence ?? 0) + 1;
  if (statement.sequence !== sequence)
    throw refused('payout-sequence', `its sequence is ${statement.sequence}`, `${sequence}: each statement counts once`);
  if (statement.previous !== (before?.address ?? null))
    throw refused('payout-previous', `it follows ${statement.previous ?? 'no address'}`, before?.address ?? 'a first statement');
  const signers = payoutSigners(statement);
  if (proofs.length !== signers.length)
    throw refused(
      'payout-proof-missing',
      `${proofs.length} ${proofs.length === 1 ? 'signature is' : 'signatures are'} there`,
      signers.length === 1 ? 'that of the payout address alone' : `those of the new address and of the one before, ${signers[1]}`,
    );
  for (const signer of signers) {
    const own = addressParts(signer).payment.hash;
    const by = proofs.find(({ key }) => publicKeyHash(key.slice(-2 * KEY_BYTES).padStart(2 * KEY_BYTES, '0')) === own);
    // Without one of its own, the error of any other says what is wrong with it.
    checkPayoutSignature(by ?? first, text, signer);
  }
  return statement;
}

/** Refuses what is over, or would hold for longer than anybody remembers it. Throws `payout-expired`, `payout-too-long`. */
export function checkPayoutTime({ expiresAt }: PayoutStatement, now: number): void {
  const until = new Date(expiresAt).toISOString();
  if (expiresAt <= now) throw refused('payout-expired', `it was valid until ${until}`, 'a newer one: run "nunet-agent payout renew"');
  if (expiresAt > now + MAX_PAYOUT_LIFETIME_MS)
    throw refused('payout-too-long', `it is valid until ${until}`, `at most ${new Date(now + MAX_PAYOUT_LIFETIME_MS).toISOString()}`);
}

/** What the next statement says. */
export const nextPayout = (
  context: PayoutContext,
  address: string,
  { now, lifetimeMs }: { now: number; lifetimeMs: number },
): { statement: PayoutStatement; text: string } => {
  const statement: PayoutStatement = {
    network: context.network,
    agent: context.agent,
    address,
    sequence: (context.before?.sequence ?? 0) + 1,
    previous: context.before?.address ?? null,
    expiresAt: Math.floor((now + lifetimeMs) / 1_000) * 1_000,
  };
  return { statement, text: payoutText(statement) };
};
