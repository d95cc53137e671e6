// What the person's page brings back: checked again before a dApp gets it, and written as the dApp wants it.
import {
  asArray,
  asBytes,
  asFields,
  asMap,
  cborArray,
  cborBytes,
  cborInt,
  cborMap,
  cborText,
  readCbor,
} from '@nunet/contracts/chain/cbor.ts';
import { transactionId, type KeyWitness } from '@nunet/contracts/sign.ts';
import { ed25519 } from '@noble/curves/ed25519.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import type { KeyRole } from '../vault/messages.ts';
import type { OwnKeys } from './signing-keys.ts';

const wrong = (why: string): NunetError =>
  new NunetError('dapp-answer-invalid', `Cannot pass the signature on: ${why}. Nothing was given to the page; try again.`);

/** Throws `dapp-answer-invalid` unless these are the signatures of exactly these keys over exactly this transaction. */
export function checkWitnesses(cbor: string, roles: readonly KeyRole[], own: OwnKeys, witnesses: readonly KeyWitness[]): void {
  const id = hexToBytes(transactionId(cbor));
  const signed = new Set(witnesses.map(({ publicKey }) => publicKey));
  if (signed.size !== roles.length || witnesses.length !== roles.length || !roles.every((role) => signed.has(own[role])))
    throw wrong('it is not of the keys that were asked for');
  for (const { publicKey, signature } of witnesses)
    if (!ed25519.verify(hexToBytes(signature), id, hexToBytes(publicKey))) throw wrong('it is of another transaction');
}

/** `transaction_witness_set` of these key witnesses alone. A plain array, which older libraries read too. */
export const witnessSet = (witnesses: readonly KeyWitness[]): string =>
  bytesToHex(
    cborMap([
      [
        cborInt(0),
        cborArray(
          witnesses.map(({ publicKey, signature }) => cborArray([cborBytes(hexToBytes(publicKey)), cborBytes(hexToBytes(signature))])),
        ),
      ],
    ]),
  );

const HEADER_ALGORITHM = 1;
const EDDSA = -8n;
const KEY = { type: 1, algorithm: 3, curve: -1, x: -2 } as const;
const OKP = 1n;
const ED25519 = 6n;

/** Throws `dapp-answer-invalid` unless this COSE_Sign1 is of that key over that payload with that address (CIP-8, CIP-30). */
export function checkDataSignature(
  wanted: { publicKey: string; address: string; payload: string },
  answer: { signature: string; key: string },
): void {
  try {
    const [protectedHeader, , payload, signature] = asArray(readCbor(hexToBytes(answer.signature)));
    const headerBytes = asBytes(protectedHeader);
    const headers = asMap(readCbor(headerBytes));
    const header = (name: string | number): Uint8Array | bigint | undefined => {
      const found = headers.find(
        ([key]) => (key.kind === 'text' && key.value === name) || (key.kind === 'int' && Number(key.value) === name),
      );
      return found?.[1].kind === 'bytes' || found?.[1].kind === 'int' ? found[1].value : undefined;
    };
    const address = header('address');
    if (header(HEADER_ALGORITHM) !== EDDSA || !(address instanceof Uint8Array) || bytesToHex(address) !== wanted.address)
      throw wrong('its headers are not those of this address');
    if (bytesToHex(asBytes(payload)) !== wanted.payload) throw wrong('it is of another payload');
    const key = asFields(readCbor(hexToBytes(answer.key)));
    const number = (name: number): bigint | undefined => {
      const item = key.get(name);
      return item?.kind === 'int' ? item.value : undefined;
    };
    const isEd25519 = number(KEY.type) === OKP && number(KEY.algorithm) === EDDSA && number(KEY.curve) === ED25519;
    if (!isEd25519 || bytesToHex(asBytes(key.get(KEY.x))) !== wanted.publicKey) throw wrong('it is of another key');
    const signed = cborArray([
      cborText('Signature1'),
      cborBytes(headerBytes),
      cborBytes(new Uint8Array()),
      cborBytes(hexToBytes(wanted.payload)),
    ]);
    if (!ed25519.verify(asBytes(signature), signed, hexToBytes(wanted.publicKey))) throw wrong('it does not verify');
  } catch (error) {
    if (error instanceof NunetError && error.code === 'dapp-answer-invalid') throw error;
    throw wrong('it is no COSE_Sign1 with its COSE_Key');
  }
}
