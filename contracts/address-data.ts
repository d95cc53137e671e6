// An address as scripts see it: Plutus data of its credentials. Apart from the datum, so that a key holder needs no schema to compare one.
import { addressParts, type Credential } from './address.ts';
import { constructor, type PlutusData } from './plutus-data.ts';

const credentialData = ({ kind, hash }: Credential): PlutusData => constructor(kind === 'key' ? 0 : 1, hash);

/** Payment credential, and Some(Inline(stake credential)) or None. Throws `address-invalid`. */
export function addressData(text: string): PlutusData {
  const { payment, stake } = addressParts(text);
  return constructor(
    0,
    credentialData(payment),
    stake === undefined ? constructor(1) : constructor(0, constructor(0, credentialData(stake))),
  );
}
