// What must hold of every transaction that the escrow accepts, said from DESIGN section 5 and from nothing in the script: of a
// settled lock, that money went where its two parties or its oracles signed it to, whatever the redeemers point at; of a
// reclaimed one, that its owner agreed and its time had come.
import { blake2b } from '@noble/hashes/blake2.js';
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import type { OutputReference } from '@nunet/shared/fields.ts';
import { closeBytes, NO_KEY_HASH, settleBytes, voucherBytes } from '@nunet/shared/lock.ts';
import { addressParts } from '../address.ts';
import type { AssetQuantity } from '../chain/chain.ts';
import { addressData } from '../address-data.ts';
import { payoutTag } from '../redeemer.ts';
import { constr, copyOf, encodeData, isConstructor, type Data } from './data.ts';
import type { Plan, PlannedLock } from './honest.ts';
import type { PaperOutput } from './paper.ts';
import { isSignedBy } from './people.ts';

const same = (a: Data, b: Data): boolean => encodeData(a) === encodeData(b);
const fieldsOf = (data: Data | undefined): Data[] => (isConstructor(data) ? data.fields : []);
const isBytes = (data: Data | undefined): data is string => typeof data === 'string';
const isInteger = (data: Data | undefined): data is bigint => typeof data === 'bigint';

// --- what a lock says ---

interface Terms {
  serviceProvider: Data;
  computeProvider: Data;
  voucherKey: string;
  closeKey: string;
  oracleKeys: string[];
  k: bigint;
  policyId: string;
  assetName: string;
  settleLovelace: bigint;
}

/** Null where a field that a settlement needs is not what it should be. */
function termsOf({ datum, byHash }: PlannedLock): Terms | null {
  if (byHash) return null;
  const [serviceProvider, computeProvider, voucherKey, closeKey, keys, k, asset, , settleLovelace] = fieldsOf(datum);
  const [policyId, assetName] = fieldsOf(asset);
  if (serviceProvider === undefined || computeProvider === undefined || !Array.isArray(keys)) return null;
  if (!isBytes(policyId) || !isBytes(assetName) || !isInteger(settleLovelace)) return null;
  return {
    serviceProvider,
    computeProvider,
    voucherKey: isBytes(voucherKey) ? voucherKey : '',
    closeKey: isBytes(closeKey) ? closeKey : '',
    oracleKeys: keys.filter(isBytes),
    // Of a lock that only its parties can settle, k may be anything.
    k: isInteger(k) ? k : 0n,
    policyId,
    assetName,
    settleLovelace,
  };
}

// --- who decided ---

/** Every entry that any redeemer of the transaction carries: where a signature stands does not matter, that it was made does. */
const entriesOf = ({ locks }: Plan): Data[][] =>
  locks.flatMap(({ redeemer }) => {
    const [list] = fieldsOf(redeemer);
    return Array.isArray(list) ? list.map(fieldsOf) : [];
  });

const mayBePaid = (paid: Data | undefined): paid is bigint => isInteger(paid) && paid >= 0n && paid < 1n << 63n;

function oraclesDecided(terms: Terms, reference: OutputReference, [paid, signatures]: Data[]): boolean {
  if (!mayBePaid(paid) || !Array.isArray(signatures) || terms.k < 1n) return false;
  const given = signatures.flatMap((pair) => (Array.isArray(pair) ? pair.filter(isBytes) : []));
  const message = settleBytes(reference, paid);
  const agreeing = new Set(terms.oracleKeys.filter((key) => given.some((signature) => isSignedBy(key, message, signature))));
  return BigInt(agreeing.size) >= terms.k;
}

function partiesDecided(terms: Terms, reference: OutputReference, [paid, voucher, close, secret]: Data[]): boolean {
  if (!mayBePaid(paid) || !isBytes(voucher) || !isBytes(close) || !isBytes(secret)) return false;
  const keyHash = secret === '' ? NO_KEY_HASH : bytesToHex(blake2b(hexToBytes(secret), { dkLen: 32 }));
  return (
    isSignedBy(terms.voucherKey, voucherBytes(reference, paid, keyHash), voucher) &&
    isSignedBy(terms.closeKey, closeBytes(reference, paid), close)
  );
}

/** Every pay that was signed for this lock. */
function signedPays(terms: Terms, { reference }: PlannedLock, entries: Data[][]): bigint[] {
  const pays = entries
    .filter((entry) => oraclesDecided(terms, reference, entry) || partiesDecided(terms, reference, entry))
    .map(([paid]) => paid)
    .filter(isInteger);
  return [...new Set(pays)];
}

// --- where the money went ---

interface Settled {
  lock: PlannedLock;
  terms: Terms;
  amount: bigint;
  pays: bigint[];
}

interface Share {
  settled: Settled;
  role: 'back' | 'pay';
  quantity: bigint;
}

const sum = (numbers: bigint[]): bigint => numbers.reduce((total, one) => total + one, 0n);

/** Its quantity when the value is ADA and this asset and nothing else. */
function onlyAsset(assets: AssetQuantity[], { policyId, assetName }: Terms): bigint | null {
  const held = assets.filter(({ quantity }) => quantity !== 0n);
  if (held.some((one) => one.policyId !== policyId || one.assetName !== assetName)) return null;
  return sum(held.map(({ quantity }) => quantity));
}

const addressOfOutput = ({ address }: PaperOutput): Data => copyOf(addressData(address));

/** True when this output, by itself, is what these shares together are owed. */
function pays(output: PaperOutput, shares: Share[]): boolean {
  const [first] = shares;
  if (first === undefined) return true;
  const to = addressOfOutput(output);
  const tag = encodeData(payoutTag(shares.map(({ settled }) => settled.lock.reference)));
  const least = sum(
    shares.filter(({ role }) => role === 'back').map(({ settled: { lock, terms } }) => lock.output.lovelace - terms.settleLovelace),
  );
  return (
    output.referenceScript === undefined &&
    output.inlineDatum === tag &&
    shares.every(
      ({ settled: { terms }, role }) =>
        same(to, role === 'back' ? terms.serviceProvider : terms.computeProvider) &&
        terms.policyId === first.settled.terms.policyId &&
        terms.assetName === first.settled.terms.assetName,
    ) &&
    onlyAsset(output.assets, first.settled.terms) === sum(shares.map(({ quantity }) => quantity)) &&
    output.lovelace >= least
  );
}

/** Every choice of some of these, in their order. */
const choices = <Item>(items: Item[]): Item[][] =>
  items.reduce<Item[][]>((before, item) => [...before, ...before.map((chosen) => [...chosen, item])], [[]]);

/** Whether outputs can be named that pay every lock, one or two of its own to each; tries every naming. */
function canBePaid(all: Settled[], { outputs, fee }: Plan, locked: bigint): boolean {
  const shares = outputs.map((): Share[] => []);
  const byTag = new Map(choices(all).map((chosen) => [encodeData(payoutTag(chosen.map(({ lock }) => lock.reference))), chosen]));
  const tagged = outputs.map(({ inlineDatum }) => (inlineDatum === undefined ? undefined : byTag.get(inlineDatum)));
  const addresses = outputs.map(addressOfOutput);
  const give = (share: Share, party: Data, besides: number, then: (index: number) => boolean): boolean =>
    outputs.some((_, index) => {
      const address = addresses[index];
      // Tagged for this lock, and for the party: anything else could not be its payout, and would only take time.
      if (index === besides || address === undefined || !tagged[index]?.includes(share.settled) || !same(address, party)) return false;
      shares[index]?.push(share);
      const paid = then(index);
      shares[index]?.pop();
      return paid;
    });
  const from = (next: number): boolean => {
    const settled = all[next];
    if (settled === undefined) {
      const used = outputs.filter((_, index) => (shares[index] ?? []).length > 0);
      return (
        outputs.every((output, index) => pays(output, shares[index] ?? [])) && locked - sum(used.map(({ lovelace }) => lovelace)) <= fee
      );
    }
    const { terms, amount } = settled;
    return settled.pays.some(
      (paid) =>
        paid <= amount &&
        give({ settled, role: 'back', quantity: amount - paid }, terms.serviceProvider, -1, (back) =>
          paid === 0n ? from(next + 1) : give({ settled, role: 'pay', quantity: paid }, terms.computeProvider, back, () => from(next + 1)),
        ),
    );
  };
  return from(0);
}

// --- the owner's way ---

/** Whether the owner agreed and the time had come; from the two fields that say so. */
function mayReclaim({ datum }: PlannedLock, { signers, validFromSlot, others, locks }: Plan): boolean {
  const fields = fieldsOf(datum);
  const credential = fieldsOf(fields[0])[0];
  const reclaimAfter = fields[7];
  if (!isConstructor(credential) || !isInteger(reclaimAfter) || validFromSlot === undefined) return false;
  const [hash] = credential.fields;
  const spent = [...locks, ...others].map((input) => addressParts(input.output.address).payment);
  const agreed =
    credential.index === 0
      ? isBytes(hash) && signers.includes(hash)
      : spent.some(({ kind, hash: held }) => same(credential, constr(kind === 'key' ? 0 : 1, held)));
  return agreed && reclaimAfter <= BigInt(validFromSlot) * 1_000n;
}

/** Or why nobody may settle it. */
function settledBy(lock: PlannedLock, entries: Data[][]): Settled | string {
  const terms = termsOf(lock);
  if (terms === null) return 'is settled though nobody can read its datum';
  const amount = onlyAsset(lock.output.assets, terms);
  if (amount === null) return "holds something that is nobody's by its datum";
  const signed = signedPays(terms, lock, entries);
  return signed.length === 0 ? 'is settled though nobody decided it' : { lock, terms, amount, pays: signed };
}

/** Null when all is well; else what is wrong with a script that accepts this. */
export function danger(plan: Plan): string | null {
  const entries = entriesOf(plan);
  // Of locks that their owners take back, whether the payouts count them is the owners' own affair.
  let batches: Settled[][] = [[]];
  for (const [position, lock] of plan.locks.entries()) {
    const kind = isConstructor(lock.redeemer) ? lock.redeemer.index : -1;
    const isSettled = kind === 0 || kind === 1;
    if (!isSettled && !mayReclaim(lock, plan)) return `lock ${position} is taken back by somebody else, or too early`;
    const settled = settledBy(lock, entries);
    if (isSettled && typeof settled === 'string') return `lock ${position} ${settled}`;
    if (typeof settled === 'string') continue;
    const joined = batches.map((batch) => [...batch, settled]);
    batches = isSettled ? joined : [...batches, ...joined];
  }
  return batches.some((batch) => canBePaid(batch, plan, sum(batch.map(({ lock }) => lock.output.lovelace))))
    ? null
    : 'money went elsewhere than to the parties and the fee';
}
