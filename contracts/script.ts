// The escrow script and its address, and where its reference copy is parked. All from the committed blueprint.
import { hexToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { addressOf } from './address.ts';
import { scriptHash } from './chain/transaction.ts';
import blueprint from './plutus.json' with { type: 'json' };

export interface PlutusScript {
  /** 28 bytes hex. */
  hash: string;
  /** The flat program wrapped once in CBOR, hex: what the ledger hashes and charges for. */
  code: string;
}

interface Blueprint {
  validators: { title: string; hash: string; compiledCode: string }[];
}

/** A validator of a blueprint. Throws `blueprint-invalid` when it is missing or its hash is not that of its code. */
export function scriptFrom({ validators }: Blueprint, title: string): PlutusScript {
  const found = validators.find((validator) => validator.title === title);
  if (found === undefined) throw new NunetError('blueprint-invalid', `Cannot load script: the blueprint has no validator ${title}`);
  const { hash, compiledCode: code } = found;
  if (scriptHash('plutusV3', hexToBytes(code)) !== hash) {
    throw new NunetError('blueprint-invalid', `Cannot load script ${title}: its code does not hash to ${hash}`);
  }
  return { hash, code };
}

export const ESCROW: PlutusScript = scriptFrom(blueprint, 'escrow.escrow.else');

/** Where locks go, on every test network. Without a stake credential: a staked variant is refused off chain. */
export const ESCROW_ADDRESS: string = addressOf({ payment: { kind: 'script', hash: ESCROW.hash } });

/** Nobody can spend from here, and no wallet picks its outputs as inputs. Holds the escrow's reference script. */
export const PARKING_ADDRESS: string = addressOf({
  payment: { kind: 'script', hash: scriptFrom(blueprint, 'parking.parking.spend').hash },
});
