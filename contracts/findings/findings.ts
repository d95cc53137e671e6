// What was found in contracts like this one, as far as it could be tried here; and what could not, with the reason.
import { ALL_THEFTS } from '../thefts/all-thefts.ts';
import { attackBy, PAPER_ATTACKS } from '../mutants/paper-attacks.ts';
import { BIG_DATUM, DELEGATE, MALLEATED, STUFFED_LOCK, TAG_BY_HASH, TWO_VERSIONS, UNPAYABLE_ADDRESS, WITHDRAW } from './attempts.ts';
import { refused, type Attempt, type Finding } from './finding.ts';

const ATTACKS = [...ALL_THEFTS.map(attackBy), ...PAPER_ATTACKS];

function theft(name: string): Attempt {
  const attack = ATTACKS.find((one) => one.name === name);
  if (attack === undefined) throw new TypeError(`No theft is called "${name}"`);
  return refused(attack);
}
const thefts = (...names: string[]): Attempt[] => names.map(theft);

/** In this order they are numbered, from 1; new ones go to the end. */
export const FINDINGS: Finding[] = [
  {
    source: 'Vacuumlabs, Cardano vulnerabilities 1, 2023; Cardano CTF 1 (sell_nft); MLabs vulnerability guide, 2023',
    found: 'double satisfaction: one output satisfied the conditions of several inputs of one script',
    stands: 'a payout is tagged with every lock that it pays and holds the sum of what they owe',
    attempts: thefts(
      'cannot satisfy two locks with the payouts of one',
      "cannot satisfy two locks with a common payout of one lock's money",
    ),
  },
  {
    source: 'Vacuumlabs, Cardano vulnerabilities 2, 2023; Sundae treasury, TxPipe TRS-104, MLabs 3.4, 2025',
    found: 'double satisfaction between two versions or instances of a script, neither of which sees the inputs of the other',
    stands: 'the tag is over the locks of one version alone, and an output has one datum',
    attempts: [TWO_VERSIONS],
  },
  {
    source: 'Sundae treasury, TxPipe TRS-001 and TRS-105, MLabs 3.5 and 3.14, 2025',
    found: 'two redeemers of one script in one transaction: the looser one rode on the outputs of the stricter one',
    stands: 'a lock is passed over only when its own redeemer runs Reclaim, and the first lock that is not reclaimed checks all others',
    attempts: thefts(
      "cannot ride on the thief's own lock that is reclaimed",
      'cannot reclaim a lock that the batch pays too',
      'cannot pass over a lock that is not reclaimed',
    ),
  },
  {
    source: 'Sundae treasury, TxPipe TRS-002, MLabs 3.6, 2025',
    found: 'double satisfaction between a spend and a withdrawal under the same hash',
    stands: 'the script runs for spending alone',
    attempts: [WITHDRAW],
  },
  {
    source: 'Minswap V2, bug bounty, report of Anastasia Labs, 2024; IOG sc-testing-tools, InvalidScriptPurpose',
    found: 'a script was accepted for a purpose that it was not written for (a spend script as a stake script)',
    stands: 'any purpose but a spend is refused before anything is read',
    attempts: [theft("cannot mint under the escrow's hash"), DELEGATE, WITHDRAW],
  },
  {
    source: 'Sundae treasury, TxPipe TRS-202, MLabs 3.15, 2025; MLabs vulnerability guide (insufficient staking control), 2023',
    found: 'the stake part of an output was not checked, and its rewards went to the submitter',
    stands: 'payouts are compared by full address; locks are found by payment credential, whatever their stake part',
    attempts: thefts(
      "cannot pay to the right key under the thief's stake credential",
      'cannot pay to the right key without its stake credential',
      'cannot hide a lock from the batch behind a stake credential',
    ),
  },
  {
    source: 'Sundae treasury, TxPipe TRS-204, 2025',
    found: 'a big reference script on an output made it dear to spend',
    stands: 'payouts carry none; a lock that carries one is refused off chain (shared/lock-check.ts)',
    attempts: thefts('cannot hang a reference script on a payout'),
  },
  {
    source: 'Sundae treasury, TxPipe TRS-102, 2025; Cardano CTF 2 (vesting); IOG sc-testing-tools, TimeBoundManipulation',
    found: 'the wrong end of the validity range was read, or one without a bound passed',
    stands: 'Reclaim reads the lower bound, which must be finite; no other rule reads the time',
    attempts: thefts('cannot reclaim early', 'cannot reclaim without a lower bound'),
  },
  {
    source: 'Sundae treasury, MLabs 3.7, 2025; Plutonomicon (large datum); Cardano CTF 4 (tipjar); IOG sc-testing-tools, LargeData',
    found: 'a datum without a bound on its size made its output too dear to spend',
    stands: 'fields are read one by one: what a rule does not need costs nothing',
    attempts: [BIG_DATUM],
  },
  {
    source:
      'Minswap V2, bug bounty, report of Anastasia Labs, 2024; Plutonomicon (token dust); MLabs vulnerability guide (unbounded value)',
    found: 'dust tokens were added to an output until it was too dear to spend',
    stands: 'payouts hold ADA and the asset and nothing else; a stuffed lock still goes back by Reclaim, which reads no value',
    attempts: [...thefts('cannot add a dust token to a payout', "cannot add a token of the asset's own policy to a payout"), STUFFED_LOCK],
  },
  {
    source: 'MLabs vulnerability guide (arbitrary datum), 2023; Cardano CTF 10 (king_of_cardano)',
    found: 'a datum that cannot be read, or names an address that cannot be paid, locked the money for ever',
    stands: 'Reclaim reads two fields and no other; random datums are tried in properties/reclaim.test.ts',
    attempts: [...thefts('cannot bury or steal a lock with a malformed datum', 'cannot take a lock that has no datum'), UNPAYABLE_ADDRESS],
  },
  {
    source: 'Masumi payment contract V2, its own notes',
    found: 'a party whose address is a script could never sign: the payment was unspendable for ever',
    stands: 'a script owner agrees by spending an output of its own beside the lock',
    attempts: thefts('cannot reclaim from a script that does not agree, even with a signature of its owner'),
  },
  {
    source: 'Masumi payment contract V2, its own notes',
    found: 'one output satisfied both roles when buyer and seller share an address',
    stands: 'a lock pays two different outputs',
    attempts: thefts(
      'cannot pay both parties with one output when they share an address',
      'cannot pay both parties with one output that is tagged twice',
    ),
  },
  {
    source: 'Masumi payment contract V2, its own notes (there intended, as weights)',
    found: 'a key that is listed twice counts twice towards the threshold',
    stands: 'keys must ascend where they sign, whatever the datum lists',
    attempts: thefts('cannot count one key twice that the datum lists twice', 'cannot count the same signature twice'),
  },
  {
    source: 'Masumi payment contract V2, its own notes',
    found: 'whatever a settlement left over went to whoever submitted it, also what strangers had added',
    stands: 'tokens are paid out to the last unit; of the lovelace at most the fee, and at most settleLovelace a lock, may be missing',
    attempts: thefts(
      'cannot keep the change of the service provider',
      'cannot take settleLovelace where the fee is less',
      "cannot take more of the service provider's lovelace than settleLovelace",
      "cannot keep the ADA under the compute provider's payout",
      'cannot take the fee out of every lock of a batch',
    ),
  },
  {
    source: 'Masumi payment contract V2, its own notes (approvals are bound to the output there too)',
    found: 'an approval that does not name the output which it is for can be replayed',
    stands: 'every signature is over the output reference, under a tag of its own kind',
    attempts: thefts(
      'cannot replay signatures on another lock of the same two parties',
      'cannot use the voucher of another lock',
      'cannot use the close of another lock',
      'cannot use a close for a voucher',
    ),
  },
  {
    source: 'Aldabra escrow, internal audit HIGH-1, 2026; IOG sc-testing-tools, NegativeInteger',
    found: 'a negative quantity passed a comparison of sums and was paid out to its author',
    stands: 'a negative pay has no bytes that could be signed, and what is owed back is never below zero',
    attempts: thefts('cannot pay a negative amount', 'cannot pay more than a lock holds out of the change of the lock beside it'),
  },
  {
    source: 'Aldabra escrow, internal audit HIGH-2, 2026',
    found: 'a check over all items of a list was true of an empty list',
    stands: 'an empty list passes only beside another lock that checks the batch; k is at least 1',
    attempts: thefts(
      'cannot settle a lock without a settlement',
      'cannot settle a lock that asks for no signature at all',
      'cannot leave a lock out of the batch',
    ),
  },
  {
    source: 'MLabs vulnerability guide (other redeemer), 2023',
    found: 'a rule expected one redeemer elsewhere in the transaction and another one was given',
    stands: 'redeemers are told apart in one order everywhere, also those that no builder makes',
    attempts: thefts('cannot ride on an own lock whose redeemer no rule knows', 'cannot settle by a decision that no rule knows'),
  },
  {
    source:
      'MLabs vulnerability guide (other token name), 2023; Cardano CTF 5 (purchase_offer); IOG sc-testing-tools, RedeemerAssetSubstitution',
    found: 'another token of the policy, or one of the same name, was taken for the right one',
    stands: 'policy and name come from the datum, and both are compared',
    attempts: thefts(
      'cannot pay in a worthless asset',
      "cannot pay in another token of the asset's policy",
      'cannot pay in a token that is called as the asset is',
      "cannot give change in another lock's worthless asset",
    ),
  },
  {
    source: 'IOG sc-testing-tools, DuplicateListEntry',
    found: 'an entry of a list was counted twice',
    stands: 'one entry a lock, in input order; positions and keys ascend',
    attempts: thefts('cannot count the same signature twice', 'cannot list more settlements than locks'),
  },
  {
    source: 'Scalus, security review checklist, V001 (redirect)',
    found: 'an output was taken by the index in the redeemer and not checked further',
    stands: 'an index says where to look; address, tag and value are checked there',
    attempts: thefts(
      "cannot point at an output that is the submitter's change",
      'cannot point at an output that does not exist',
      'cannot skip the pay with an index below the first output',
      'cannot name an output for no pay',
    ),
  },
  {
    source: 'IOG sc-testing-tools, SignatoryRemoval',
    found: 'a spend went through without the signature that it asks for',
    stands: "Reclaim wants the service provider's payment credential itself",
    attempts: thefts(
      'cannot reclaim when nobody signs',
      'cannot reclaim as a stranger',
      "cannot reclaim with the service provider's stake key",
    ),
  },
  {
    source: 'IOG sc-testing-tools, MissingOutputDatum and OutputDatumHashMissing',
    found: 'an output without the datum, or with a hash in its place, passed',
    stands: 'the tag must stand inline',
    attempts: [theft('cannot pay without a tag'), TAG_BY_HASH],
  },
  {
    source: 'IOG sc-testing-tools, ValueUnderpayment',
    found: 'what was paid was less than what the datum said',
    stands: 'a payout holds exactly what is owed, and the amount is nowhere but in the lock itself',
    attempts: thefts('cannot pay the compute provider a base unit less', "cannot keep the service provider's change by an agreement"),
  },
  {
    source: 'Cardano CTF 3 (multisig_treasury); MLabs vulnerability guide (missing UTxO authentication), 2023',
    found: 'signatures were believed from an output that anybody could make',
    stands: 'each signature is verified where the money is spent',
    attempts: thefts(
      'cannot settle with a forged oracle signature',
      'cannot settle with fewer than k signatures',
      'cannot agree with a forged voucher',
      'cannot agree with a forged close',
    ),
  },
  {
    source: 'IOG sc-testing-tools, UnprotectedScriptOutput',
    found: 'money that had to go to a person went to a script',
    stands: 'payouts are compared by full address',
    attempts: thefts('cannot hold the settled money behind a parking output of the escrow'),
  },
  {
    source: 'RFC 8032, section 8.4 (malleability of Ed25519)',
    found: 'a second form of a signature counted as a second signature',
    stands: 'the second form is no signature, and a position counts once',
    attempts: [MALLEATED],
  },
];

/** Found elsewhere, and nothing here that it could be tried on. */
export const NOT_HERE: { source: string; found: string; why: string }[] = [
  {
    source: 'MLabs vulnerability guide; Plutonomicon',
    found: 'contention and cheap spam on shared state',
    why: 'a lock is its own output, and no transaction needs another lock or any common output',
  },
  {
    source: 'Sundae treasury, TxPipe TRS-203, MLabs 3.17',
    found: 'a partial sweep of one lovelace at a time',
    why: 'a lock is spent whole, by a settlement or by its owner; nothing of it continues at the script',
  },
  {
    source: 'Sundae treasury, TxPipe TRS-103 and TRS-201, MLabs 3.8 to 3.10, 3.12 and 3.13',
    found: 'a datum was changed in a way that the next step did not expect',
    why: 'no datum ever changes: a lock has one state, and that is that it exists',
  },
  {
    source: 'Sundae treasury, TxPipe TRS-101, MLabs 3.11 and 3.18',
    found: 'outputs were made at the script without the funds or the datum that the protocol expects',
    why: 'no script sees a lock being made; agents and oracles refuse such a lock before any work (shared/lock-check.ts)',
  },
  {
    source: 'Sundae treasury, TxPipe TRS-003',
    found: 'the script refused the certificate without which rewards could not be withdrawn',
    why: 'locks stand at an address without a stake part, and earn no rewards; the certificate is refused on purpose (finding 5)',
  },
  {
    source: 'Anastasia Labs, design patterns (withdraw-zero)',
    found: 'a spend that trusts a withdrawal of nothing must name which one',
    why: 'no rule trusts another script',
  },
  {
    source: 'Cardano developer portal, vulnerability list (unbounded inputs)',
    found: 'a step needed more inputs than fit a transaction',
    why: 'each lock can be spent alone; a batch is as large as its submitter wants it',
  },
  {
    source: 'IOG sc-testing-tools, TokenForgery',
    found: 'a minting policy let more be minted than it should',
    why: 'there is no minting policy; who mints the asset in the same transaction pays it out all the same',
  },
  {
    source: 'Masumi payment contract V2, its own notes',
    found: 'the result could be swapped after the admins had signed',
    why: 'what oracles and parties sign is the output and the pay; which result that is for, they settle off chain before they sign',
  },
  {
    source: 'Masumi payment contract V2, its own notes',
    found: 'parameters of a script cannot be corrected after money is locked',
    why: 'the script has no parameters: keys, k and times are in the datum, and the money of a wrong one comes back by Reclaim',
  },
  {
    source: 'Sundae treasury, MLabs 3.16, 2025',
    found: 'whoever swept had to bring the minimum ADA of an output that went on',
    why: 'no output goes on; the ADA under both payouts comes out of the lock, and a lock with too little is refused off chain',
  },
];
