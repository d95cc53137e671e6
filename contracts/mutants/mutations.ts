// Every way in which one condition of the validator can be dropped: found in the sources by form, or told one by one.

export interface Mutation {
  file: string;
  /** What is dropped, as the source says it. */
  dropped: string;
  /** The named condition that it is, or is part of. */
  check?: string;
  edit: (source: string) => string;
}

const SETTLE = 'lib/escrow/settle.ak';
const RECLAIM = 'lib/escrow/reclaim.ak';
const VALUE = 'lib/escrow/value.ak';
const ESCROW = 'validators/escrow.ak';

/** A place that stands exactly once in the source. */
function replaceOnce(source: string, place: string, by: string): string {
  const parts = source.split(place);
  if (parts.length !== 2) throw new TypeError(`"${place}" stands ${parts.length - 1} times in the source, want once`);
  return parts.join(by);
}

const told = (file: string, dropped: string, place: string, by: string, check?: string): Mutation => ({
  file,
  dropped,
  ...(check === undefined ? {} : { check }),
  edit: (source) => replaceOnce(source, place, by),
});

// --- by form ---

const DEMANDED = /^ *expect (\w+)\?$/gm;
const BOTH = /^ *let (\w+) =\s+(.+?) && (.+)$/gm;
const ALL = /^ *let (\w+) = and \{\n((?:.+,\n)+) *\}$/gm;

/** `expect name?`: the condition is then dead, and what it led to goes on. */
const demanded = (file: string, source: string): Mutation[] =>
  [...source.matchAll(DEMANDED)].map(([line, check = '']) => told(file, `expect ${check}`, line, '', check));

/** `let name = one && other`: each in turn. */
const operands = (file: string, source: string): Mutation[] =>
  [...source.matchAll(BOTH)].flatMap(([text, check = '', one = '', other = '']) => [
    told(file, `${check}: ${one}`, text, text.replace(`${one} && `, ''), check),
    told(file, `${check}: ${other}`, text, text.replace(` && ${other}`, ''), check),
  ]);

/** `let name = and { ... }`: each line in turn. */
const conjunction = (file: string, source: string): Mutation[] =>
  [...source.matchAll(ALL)].flatMap(([text, check = '', lines = '']) =>
    lines
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => told(file, `${check}: ${line.trim().replace(/,$/, '')}`, text, text.replace(`${line}\n`, ''), check)),
  );

// --- told ---

const REDEEMERS = `when redeemer is {
      Settle { settlements } -> settle(own, settlements, transaction)
      Agree { settlements } -> settle(own, settlements, transaction)
      Reclaim -> reclaim(datum, transaction)
    }`;
const TABLE = `expect Spend { own, datum } = purpose
    ${REDEEMERS}`;

const TOLD: Mutation[] = [
  told(ESCROW, 'expect Spend', TABLE, `when purpose is {\n Spend { own, datum } -> ${REDEEMERS}\n _ -> True\n }`),
  told(SETTLE, 'the result first_lock_settles_the_batch', 'first_lock_settles_the_batch?', 'True', 'first_lock_settles_the_batch'),
  told(
    SETTLE,
    'submitter_takes_no_more_than_the_fee, with every payout still looked at',
    `let submitter_takes_no_more_than_the_fee =
            lovelace - paid_lovelace(claims, outputs) <= fee
          submitter_takes_no_more_than_the_fee?`,
    'paid_lovelace(claims, outputs) >= 0',
    'submitter_takes_no_more_than_the_fee',
  ),
  told(
    SETTLE,
    'at_least_k_oracles_signed: k <= signed, with every signature still verified',
    'k <= signed',
    'signed >= 0',
    'at_least_k_oracles_signed',
  ),
  told(
    SETTLE,
    'first_lock: is a lock',
    'if input.output.address.payment_credential == escrow && !is_reclaimed(\n    Spending(input.output_reference),\n    redeemers,\n  ) {',
    'if !is_reclaimed(Spending(input.output_reference), redeemers) {',
  ),
  told(
    SETTLE,
    'first_lock: is not reclaimed',
    ' && !is_reclaimed(\n    Spending(input.output_reference),\n    redeemers,\n  ) {',
    ' {',
    'first_lock_settles_the_batch',
  ),
  told(SETTLE, 'is_reclaimed: not a Settle', 'Settle { .. } -> False', 'Settle { .. } -> True', 'lock_passed_over_is_reclaimed'),
  told(SETTLE, 'is_reclaimed: not an Agree', 'Agree { .. } -> False', 'Agree { .. } -> True', 'lock_passed_over_is_reclaimed'),
  told(
    SETTLE,
    'is_reclaimed: by the same order of constructors as the table',
    '      Settle { .. } -> False\n      Agree { .. } -> False\n      Reclaim -> True',
    '      Reclaim -> True\n      _ -> False',
    'first_lock_settles_the_batch',
  ),
  told(SETTLE, 'fail lock_is_decided', 'fail @"lock_is_decided"', 'then(0, -1, 0)', 'lock_is_decided'),
  told(
    SETTLE,
    'fail every_lock_has_a_settlement',
    'fail @"every_lock_has_a_settlement"',
    'then(Reclaimed, [])',
    'every_lock_has_a_settlement',
  ),
  told(SETTLE, 'gather: what all locks owe is summed', 'quantity + claim.quantity', 'quantity', 'payout_holds_what_is_owed'),
  told(
    SETTLE,
    'gather: the lovelace that all locks want back is summed',
    'least_lovelace + claim.least_lovelace',
    'least_lovelace',
    'service_provider_keeps_its_lovelace',
  ),
  told(
    SETTLE,
    'gather: the tag is over all locks',
    'builtin.append_bytearray(references, claim.reference)',
    'references',
    'payout_carries_the_tag',
  ),
  told(
    SETTLE,
    'the lovelace of a lock that pays nobody is counted',
    'then([back, ..claims], total + lovelace)',
    'then([back, ..claims], total)',
    'submitter_takes_no_more_than_the_fee',
  ),
  told(
    SETTLE,
    'the lovelace of a lock that pays is counted',
    'then([back, pay, ..claims], total + lovelace)',
    'then([back, pay, ..claims], total)',
    'submitter_takes_no_more_than_the_fee',
  ),
  told(RECLAIM, 'reclaim_time_has_come', 'reclaim_time_has_come? && ', '', 'reclaim_time_has_come'),
  told(RECLAIM, 'service_provider_agrees', ' && service_provider_agrees?', '', 'service_provider_agrees'),
  told(RECLAIM, 'reclaim_time_has_come: after reclaim_after', 'reclaim_after <= from', 'True', 'reclaim_time_has_come'),
  told(RECLAIM, 'reclaim_time_has_come: a finite bound', '_ -> False', '_ -> True', 'reclaim_time_has_come'),
  told(
    RECLAIM,
    'has_signed: the key is among the signatories',
    'when signatories is {\n    [] -> False',
    'when signatories is {\n    [] -> True',
    'service_provider_agrees',
  ),
  told(
    RECLAIM,
    'spends_its_own: an input is',
    'when inputs is {\n    [] -> False',
    'when inputs is {\n    [] -> True',
    'service_provider_agrees',
  ),
  told(
    RECLAIM,
    'expect Some(datum)',
    'pub fn reclaim(datum: Option<Data>, tx: Transaction) -> Bool {\n  expect Some(datum) = datum\n',
    'pub fn reclaim(datum: Option<Data>, tx: Transaction) -> Bool {\n  when datum is {\n    None -> True\n    Some(datum) -> owner_may(datum, tx)\n  }\n}\n\nfn owner_may(datum: Data, tx: Transaction) -> Bool {\n',
    'a datum',
  ),
];

/** In the sources by path. Throws when a place that is told here stands there no more. */
export const mutationsOf = (sources: Map<string, string>): Mutation[] => [
  ...[...sources].flatMap(([file, source]) => [demanded, operands, conjunction].flatMap((form) => form(file, source))),
  ...TOLD,
];

/** Lines that can refuse, where nothing can be dropped, and why. */
export const NOT_DROPPED: { file: string; line: string; why: string }[] = [
  {
    file: SETTLE,
    line: 'expect [input, ..others] = inputs',
    why: 'the own input, and the first lock, are always found before the list ends',
  },
  { file: SETTLE, line: 'expect [Pair(key, redeemer), ..others] = redeemers', why: 'every lock has a redeemer; the ledger says so' },
  { file: SETTLE, line: '_ -> fail @"lock_has_an_inline_datum"', why: 'without an inline datum there is nothing to go on with' },
  { file: SETTLE, line: '[] -> fail @"index_is_within_the_list"', why: 'beyond the list there is nothing to go on with' },
  { file: VALUE, line: 'expect [Pair(_, [Pair(_, lovelace)]), ..tokens] = value', why: 'a value begins with its ADA; the ledger says so' },
  { file: VALUE, line: 'expect [Pair(name, quantity), ..more_names] = names', why: 'a policy in a value has a token; the ledger says so' },
];

/** It demands, fails, is one operand of several, or says no. */
const CAN_REFUSE = /\bexpect\b|\bfail\b|&&|\?$|-> False| == .*,$/;

/** Lines of a source that can refuse, without comments. */
export const refusals = (source: string): string[] =>
  source
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => !line.startsWith('//') && CAN_REFUSE.test(line));
