// What a connected page may read without asking: addresses, outputs, balance, keys. Nothing here signs or prompts.
import { addressBytes } from '@nunet/contracts/chain/address.ts';
import type { Utxo } from '@nunet/contracts/chain/chain.ts';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { asInt, readCbor } from '@nunet/contracts/chain/cbor.ts';
import type { Linked } from '../runner/linked.ts';
import type { Call } from './calls.ts';
import { decodeValue, encodeUtxo, encodeValue, sumOf } from './cbor-values.ts';
import { API, fault, invalid } from './faults.ts';
import { MAX_TEXT } from './wire.ts';
import { collateralFor, enoughFor, MAX_COLLATERAL, pageOf } from './select-utxos.ts';

/** As much of the wallet's money as dApps see. */
export interface Money {
  /** Without the collateral, and without what other transactions are promised; null: not read yet. */
  spendable(): readonly Utxo[] | null;
  collateral(): Utxo | null;
  /** Sends one of this account's, and keeps it until it is in a block. */
  sendSigned(cbor: string): Promise<{ txId: string }>;
}

export type ReadCall = Extract<
  Call,
  readonly [
    (
      | 'getNetworkId'
      | 'getUtxos'
      | 'getCollateral'
      | 'getBalance'
      | 'getUsedAddresses'
      | 'getUnusedAddresses'
      | 'getChangeAddress'
      | 'getRewardAddresses'
      | 'cip95.getPubDRepKey'
      | 'cip95.getRegisteredPubStakeKeys'
      | 'cip95.getUnregisteredPubStakeKeys'
      | 'cip142.getNetworkMagic'
    ),
    ...unknown[],
  ]
>;

const TEST_NETWORK = 0;
const addressHex = (address: string): string => bytesToHex(addressBytes(address));

async function spendable(linked: Linked, money: Money): Promise<readonly Utxo[]> {
  if (money.spendable() === null) await linked.look();
  const utxos = money.spendable();
  if (utxos === null) throw fault(API.internalError, 'The chain has not told yet what this account holds; ask again');
  return utxos;
}

/** An output with a reference script is only whole in its transaction's own bytes. */
async function rawOutput(linked: Linked, utxo: Utxo): Promise<Uint8Array | null> {
  if (utxo.referenceScriptHash === undefined) return null;
  const transaction = await linked.chain.rawTransaction(utxo.reference.txId, linked.signal);
  const output = transaction?.outputs[utxo.reference.index];
  if (output === undefined) throw fault(API.internalError, 'The chain does not show an output of this account; ask again');
  return output.raw;
}

async function utxosHex(linked: Linked, utxos: readonly Utxo[]): Promise<string[]> {
  // Nearly all of them are at one address, and reading bech32 is what costs.
  const known = new Map<string, Uint8Array>();
  const bytesOf = (address: string): Uint8Array => {
    const bytes = known.get(address) ?? addressBytes(address);
    known.set(address, bytes);
    return bytes;
  };
  const hexes: string[] = [];
  let length = 0;
  for (const utxo of utxos) {
    const hex = bytesToHex(encodeUtxo(utxo, await rawOutput(linked, utxo), bytesOf));
    length += hex.length;
    if (length > MAX_TEXT) throw fault(API.internalError, 'The wallet holds too many outputs for one answer; ask for a page of them');
    hexes.push(hex);
  }
  return hexes;
}

/** Decimal, or CBOR of a coin. Left out by dApps that know only the older form: then the most that there may be. */
function coinOf(amount: string | null | undefined): bigint {
  if (amount === null || amount === undefined) return MAX_COLLATERAL;
  try {
    return /^[0-9]+$/.test(amount) ? BigInt(amount) : asInt(readCbor(hexToBytes(amount)));
  } catch {
    throw invalid('The amount is neither a number nor a coin');
  }
}

async function collateral(linked: Linked, money: Money, amount: bigint): Promise<string[]> {
  if (amount < 0n || amount > MAX_COLLATERAL) throw invalid('Collateral is given up to 5 ADA (5000000 lovelace)');
  const others = await spendable(linked, money);
  const own = money.collateral();
  const found = collateralFor(own === null ? [] : [own], others, amount);
  if (found === null)
    throw fault(API.internalError, 'There is no output of pure ADA that serves as collateral; set some apart in the wallet');
  return utxosHex(linked, found);
}

/** True once any transaction has touched the account's address. */
async function isUsed(linked: Linked, known: Set<string>): Promise<boolean> {
  const { address } = linked;
  if (known.has(address)) return true;
  const isSeen =
    (linked.utxos() ?? []).length > 0 || (await linked.chain.history(address, { limit: 1, signal: linked.signal })).txIds.length > 0;
  if (isSeen) known.add(address);
  return isSeen;
}

/** `used`: addresses known to have been used, kept between calls. `magic`: null where it is not known. */
export async function readAnswer(
  call: ReadCall,
  linked: Linked,
  parts: { money: Money; used: Set<string>; magic: number | null },
): Promise<unknown> {
  const { money } = parts;
  switch (call[0]) {
    case 'getNetworkId':
      return TEST_NETWORK;
    case 'getUtxos': {
      const all = await spendable(linked, money);
      const [, amount, paginate] = call;
      const chosen = amount === null || amount === undefined ? all : enoughFor(all, valueOf(amount));
      return chosen === null ? null : utxosHex(linked, pageOf(chosen, paginate));
    }
    case 'getCollateral':
      return collateral(linked, money, coinOf(call[1]?.amount));
    case 'getBalance':
      return bytesToHex(encodeValue(sumOf(await spendable(linked, money))));
    case 'getUsedAddresses':
      return pageOf((await isUsed(linked, parts.used)) ? [addressHex(linked.address)] : [], call[1]);
    case 'getUnusedAddresses':
      return (await isUsed(linked, parts.used)) ? [] : [addressHex(linked.address)];
    case 'getChangeAddress':
      return addressHex(linked.address);
    case 'getRewardAddresses':
      return [addressHex(linked.stakeAddress)];
    case 'cip95.getPubDRepKey':
      return linked.account.drep;
    // A chain source of this build does not tell whether a stake key is registered; CIP-95 wants such keys among the unregistered.
    case 'cip95.getRegisteredPubStakeKeys':
      return [];
    case 'cip95.getUnregisteredPubStakeKeys':
      return [linked.account.stake];
    case 'cip142.getNetworkMagic':
      if (parts.magic === null) throw fault(API.internalError, 'The magic number of this network is not known');
      return parts.magic;
  }
}

function valueOf(hex: string): ReturnType<typeof decodeValue> {
  try {
    const value = decodeValue(hex);
    if (value.lovelace >= 0n && [...value.tokens.values()].every((quantity) => quantity >= 0n)) return value;
  } catch {
    // Told below.
  }
  throw invalid('The amount is not the CBOR of a value');
}
