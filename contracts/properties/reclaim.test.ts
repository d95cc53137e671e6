// No datum whatever can stop Reclaim, and none can open it to a stranger.
//
// Reclaim reads two things: the first field of the datum's first field (the owner's credential: constructor 0 with the hash of a
// key, or any other constructor, which is a script's) and the datum's eighth field, an integer. A datum that is no constructor, or
// that has not these two, names nobody to whom the lock could go back: such a lock is buried, for its maker as for everybody else.
// Nobody but the maker of a lock writes its datum, agents and oracles refuse it unseen, and no builder here can write one.
import { blake2b } from '@noble/hashes/blake2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { ESCROW, ESCROW_ADDRESS } from '../script.ts';
import { constr, encodeData, type Data } from './data.ts';
import { askAiken, askScalus, type Answer } from './evaluate.ts';
import { datumHash, resolvedOutputs, transactionBytes, type PaperTransaction } from './paper.ts';
import { PARTIES, THIEF, type Party } from './people.ts';

const CASES = Number(process.env['PROPERTY_CASES'] ?? 2_000) / 2;
const SECOND_OPINION_EVERY = 40;

const { any } = fc.letrec<{ any: Data; constructor: Data; list: Data[]; map: Data }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.oneof(fc.bigInt({ min: -(2n ** 256n), max: 2n ** 256n }), fc.bigInt({ min: -1n, max: 9_999_999n })),
    fc.uint8Array({ maxLength: 100 }).map(bytesToHex),
    tie('list'),
    tie('constructor'),
    tie('map'),
  ),
  list: fc.array(tie('any'), { maxLength: 4 }),
  constructor: fc.tuple(fc.nat({ max: 200 }), tie('list')).map(([index, fields]) => constr(index, ...fields)),
  map: fc.array(fc.tuple(tie('any'), tie('any')), { maxLength: 3 }).map((entries) => ({ entries })),
}));
const many = fc.array(any, { maxLength: 3 });
const six = fc.tuple(any, any, any, any, any, any);

const owner = fc.constantFrom(...PARTIES);
/** Milliseconds; the slots are of 1970. */
const time = fc.oneof(fc.bigInt({ min: -10n, max: 10_000_000n }), fc.constantFrom(-(2n ** 200n), 2n ** 63n, 2n ** 200n));

/** As the owner: the credential in the datum. A script's must be what the ledger shows, a key's may drag anything behind it. */
const credentialOf = ({ payment: { kind, hash } }: Party, tail: Data[]): Data =>
  kind === 'key' ? constr(0, hash, ...tail) : constr(1, hash);

interface Lock {
  datum: Data;
  /** Its datum lies beside the transaction; the lock holds the hash. */
  byHash: boolean;
}

interface Attempt {
  locks: Lock[];
  signers: string[];
  scriptOwner: Party | undefined;
  validFromSlot: number | undefined;
}

function transactionFor({ locks, signers, scriptOwner, validFromSlot }: Attempt): PaperTransaction {
  return {
    inputs: [
      ...locks.map(({ datum, byHash }, index) => {
        const inlineDatum = encodeData(datum);
        return {
          reference: { txId: '01'.repeat(32), index },
          output: {
            address: ESCROW_ADDRESS,
            lovelace: 5_000_000n,
            assets: [],
            ...(byHash ? { datumHash: datumHash(inlineDatum) } : { inlineDatum }),
          },
          redeemer: encodeData(constr(2)),
        };
      }),
      ...(scriptOwner === undefined
        ? []
        : [{ reference: { txId: '02'.repeat(32), index: 0 }, output: { address: scriptOwner.address, lovelace: 2_000_000n, assets: [] } }]),
    ],
    references: [],
    outputs: [{ address: THIEF.address, lovelace: 4_000_000n, assets: [] }],
    fee: 500_000n,
    signers,
    ...(validFromSlot === undefined ? {} : { validFromSlot }),
    mint: [],
    withdrawals: [],
    delegations: [],
    plutusScripts: [ESCROW.code],
    nativeScripts: scriptOwner?.nativeScript === undefined ? [] : [scriptOwner.nativeScript],
    datums: locks.filter(({ byHash }) => byHash).map(({ datum }) => encodeData(datum)),
  };
}

const count = { accepted: 0, refused: 0, unreadable: 0, secondOpinions: 0 };
let most = { memory: 0n, steps: 0n };
afterAll(() => {
  console.log(
    `reclaim: ${CASES} random datums; ${count.accepted} reclaimed, ${count.refused} refused; ${count.unreadable} unreadable ones, ` +
      `all refused; ${count.secondOpinions} put to both evaluators, which agreed; none cost more than ${most.memory} memory, ${most.steps} steps`,
  );
});

async function ask(attempt: Attempt): Promise<Answer> {
  const transaction = transactionFor(attempt);
  const question = { transaction: transactionBytes(transaction), resolved: resolvedOutputs(transaction) };
  const answer = askScalus(question);
  if ((blake2b(question.transaction, { dkLen: 1 })[0] ?? 0) % SECOND_OPINION_EVERY === 0) {
    count.secondOpinions += 1;
    const second = await askAiken(question);
    expect({ ...second, logs: [] }).toEqual({ ...answer, logs: [] });
  }
  return answer;
}

const readable = fc
  .record({
    who: owner,
    index: fc.nat({ max: 200 }),
    addressIndex: fc.nat({ max: 200 }),
    credentialTail: many,
    addressTail: many,
    between: six,
    reclaimAfter: time,
    tail: many,
    byHash: fc.boolean(),
  })
  .map(({ who, index, addressIndex, credentialTail, addressTail, between, reclaimAfter, tail, byHash }) => ({
    who,
    reclaimAfter,
    byHash,
    datum: constr(index, constr(addressIndex, credentialOf(who, credentialTail), ...addressTail), ...between, reclaimAfter, ...tail),
  }));

describe('of random datums', () => {
  test('cannot stop Reclaim by the owner after its time, cannot open it earlier or to a stranger', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(readable, { minLength: 1, maxLength: 2 }),
        fc.constantFrom('all owners', 'all owners', 'all owners', 'the first owner', 'a stranger', 'nobody'),
        fc.option(fc.nat({ max: 10_000 }), { freq: 9, nil: undefined }),
        async (locks, who, validFromSlot) => {
          const agreeing = who === 'all owners' ? locks : who === 'the first owner' ? locks.slice(0, 1) : [];
          const parties = agreeing.map((lock) => lock.who);
          const signers = [
            ...parties.filter(({ payment }) => payment.kind === 'key').map(({ payment }) => payment.hash),
            ...(who === 'a stranger' ? [THIEF.payment.hash] : []),
          ];
          const answer = await ask({
            locks,
            signers: [...new Set(signers)],
            scriptOwner: parties.find(({ payment }) => payment.kind === 'script'),
            validFromSlot,
          });
          const agreed = locks.every((lock) => parties.some(({ payment }) => payment.hash === lock.who.payment.hash));
          const timely = validFromSlot !== undefined && locks.every(({ reclaimAfter }) => reclaimAfter <= BigInt(validFromSlot) * 1_000n);
          expect(answer.accepted).toBe(agreed && timely);
          if (answer.accepted) count.accepted += 1;
          else count.refused += 1;
          for (const { memory, steps } of answer.units) {
            most = { memory: memory > most.memory ? memory : most.memory, steps: steps > most.steps ? steps : most.steps };
          }
        },
      ),
      { numRuns: CASES },
    );
  }, 1_800_000);

  test('cannot make Reclaim dear: what else lies in a datum is never read', () => {
    // The most over 10,000 cases; a transaction may use 16.5M and 10G.
    expect(most.memory).toBeLessThan(70_000n);
    expect(most.steps).toBeLessThan(40_000_000n);
  });

  test('cannot be taken by anybody: a lock whose datum has no owner or no time', async () => {
    const key = PARTIES[0];
    if (key === undefined) throw new TypeError('there are parties');
    const credential = constr(0, key.payment.hash);
    const notAnInteger = any.filter((data) => typeof data !== 'bigint');
    const notAConstructor = any.filter((data) => typeof data !== 'object' || !('index' in data));
    const unreadable = fc.oneof(
      notAConstructor,
      // Too short to have a time.
      fc.tuple(fc.nat({ max: 7 }), six).map(([length, fields]) => constr(0, ...[constr(0, credential), ...fields].slice(0, length))),
      fc.tuple(six, notAnInteger).map(([fields, when]) => constr(0, constr(0, credential), ...fields, when)),
      fc.tuple(notAConstructor, six).map(([who, fields]) => constr(0, who, ...fields, 0n)),
      fc.tuple(notAConstructor, six).map(([who, fields]) => constr(0, constr(0, who), ...fields, 0n)),
      six.map((fields) => constr(0, constr(0), ...fields, 0n)),
      six.map((fields) => constr(0, constr(0, constr(0)), ...fields, 0n)),
    );
    await fc.assert(
      fc.asyncProperty(unreadable, async (datum) => {
        count.unreadable += 1;
        const attempt = { locks: [{ datum, byHash: false }], scriptOwner: PARTIES[3], validFromSlot: 10_000 };
        const { accepted } = await ask({ ...attempt, signers: [key.payment.hash, THIEF.payment.hash] });
        expect(accepted).toBe(false);
      }),
      { numRuns: CASES / 4 },
    );
  }, 600_000);

  test('both verdicts were frequent', () => {
    expect(count.accepted / CASES).toBeGreaterThan(0.1);
    expect(count.refused / CASES).toBeGreaterThan(0.1);
  });
});
