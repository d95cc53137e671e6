// A refused address as a failure with a sentence to act on, for whoever asks the runner without having checked first.
import { NunetError } from '@nunet/shared/errors.ts';
import type { AddressProblem, AddressVerdict } from './address-check.ts';

const WHY: Readonly<Record<AddressProblem, string>> = {
  empty: 'none was given',
  'hidden-characters': 'it holds blanks or characters that cannot be seen; copy it again from where it comes from',
  byron: 'it is of the Byron era, which this wallet does not pay; ask for an address that begins with addr_test1',
  'mixed-case': 'it mixes capitals and small letters; copy it again',
  bech32m: 'its checksum is of another standard (bech32m); whoever made it has to make it again',
  checksum: 'its checksum is wrong, so a character has changed; copy it again',
  truncated: 'a part of it is missing; copy it whole',
  'too-long': 'it is longer than an address; copy it again',
  'stake-address': 'it is a stake address, which cannot be paid; ask for a payment address',
  'other-network': 'it is of another network; this wallet pays on test networks',
  pointer: 'it is a pointer address, which the ledger no longer honours; ask for another one',
  script: "it belongs to a script, and what arrives there without the data that it wants is lost; ask for a wallet's address",
  'not-an-address': 'it is no Cardano address; want one that begins with addr_test1',
  'look-alike': 'it only looks like one that you know',
};

export function addressRefusal({ reason, like }: Extract<AddressVerdict, { ok: false }>): NunetError {
  const known = like === null ? '' : `: ${like}; compare all of it, somebody may have sent it to be copied`;
  return new NunetError(`address-${reason}`, `Cannot use this address: ${WHY[reason]}${known}`);
}
