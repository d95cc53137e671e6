// Certificates, votes and proposals as another library writes them: names, whose they are, deposits, pools and DReps.
import * as csl from '@emurgo/cardano-serialization-lib-nodejs';
import { describe, expect, test } from 'vitest';
import { previewTransactions } from './preview-transactions.ts';
import type { CertificateView } from './preview.ts';
import * as world from './sample-world.ts';

const keyHash = (name: string): csl.Ed25519KeyHash => csl.Ed25519KeyHash.from_hex(world.keyHashOf(name));
const credential = (name: string): csl.Credential => csl.Credential.from_keyhash(keyHash(name));
const coin = (amount: number): csl.BigNum => csl.BigNum.from_str(String(amount));
const POOL = keyHash('pool');
const STAKE = credential('stake');
const DREP = credential('drep');
const anchor = csl.Anchor.new(csl.URL.new('https://example.org/a'), csl.AnchorDataHash.from_hex('11'.repeat(32)));

interface Parts {
  certificates?: csl.Certificate[];
  votes?: csl.VotingProcedures;
  proposals?: csl.VotingProposal[];
}

/** Own money back home, with these beside it, written by the other library. */
function transactionWith({ certificates = [], votes, proposals = [] }: Parts): string {
  const inputs = csl.TransactionInputs.new();
  inputs.add(csl.TransactionInput.new(csl.TransactionHash.from_hex(world.PLAIN.reference.txId), world.PLAIN.reference.index));
  const outputs = csl.TransactionOutputs.new();
  outputs.add(csl.TransactionOutput.new(csl.Address.from_bech32(world.HOME), csl.Value.new(coin(47_800_000))));
  const body = csl.TransactionBody.new_tx_body(inputs, outputs, coin(200_000));
  if (certificates.length > 0) {
    const all = csl.Certificates.new();
    for (const certificate of certificates) all.add(certificate);
    body.set_certs(all);
  }
  if (votes !== undefined) body.set_voting_procedures(votes);
  if (proposals.length > 0) {
    const all = csl.VotingProposals.new();
    for (const proposal of proposals) all.add(proposal);
    body.set_voting_proposals(all);
  }
  return csl.Transaction.new(body, csl.TransactionWitnessSet.new()).to_hex();
}

const see = (parts: Parts) => previewTransactions([transactionWith(parts)], world.sampleGround())[0]!;

const pool = (): csl.PoolParams => {
  const owners = csl.Ed25519KeyHashes.new();
  owners.add(keyHash('stake'));
  return csl.PoolParams.new(
    POOL,
    csl.VRFKeyHash.from_hex('22'.repeat(32)),
    coin(1_000_000),
    coin(340_000_000),
    csl.UnitInterval.new(coin(1), coin(100)),
    csl.RewardAddress.new(0, credential('stake')),
    owners,
    csl.Relays.new(),
  );
};

const POOL_TEXT = POOL.to_bech32('pool');
const DREP_TEXT = csl.DRep.new_key_hash(keyHash('drep')).to_bech32(true);

const cases: [string, csl.Certificate, Partial<CertificateView>][] = [
  [
    'stake-registration',
    csl.Certificate.new_stake_registration(csl.StakeRegistration.new(STAKE)),
    { isOwn: true, depositLovelace: 2_000_000n },
  ],
  [
    'stake-registration',
    csl.Certificate.new_reg_cert(csl.StakeRegistration.new_with_explicit_deposit(STAKE, coin(3))),
    { isOwn: true, depositLovelace: 3n },
  ],
  ['stake-deregistration', csl.Certificate.new_stake_deregistration(csl.StakeDeregistration.new(STAKE)), { depositLovelace: -2_000_000n }],
  [
    'stake-deregistration',
    csl.Certificate.new_unreg_cert(csl.StakeDeregistration.new_with_explicit_refund(STAKE, coin(4))),
    { depositLovelace: -4n },
  ],
  [
    'stake-delegation',
    csl.Certificate.new_stake_delegation(csl.StakeDelegation.new(STAKE, POOL)),
    { isOwn: true, pool: POOL_TEXT, depositLovelace: 0n },
  ],
  ['stake-delegation', csl.Certificate.new_stake_delegation(csl.StakeDelegation.new(credential('stranger'), POOL)), { isOwn: false }],
  [
    'pool-registration',
    csl.Certificate.new_pool_registration(csl.PoolRegistration.new(pool())),
    { isOwn: true, pool: POOL_TEXT, depositLovelace: 500_000_000n },
  ],
  ['pool-retirement', csl.Certificate.new_pool_retirement(csl.PoolRetirement.new(POOL, 9)), { isOwn: false, pool: POOL_TEXT }],
  [
    'vote-delegation',
    csl.Certificate.new_vote_delegation(csl.VoteDelegation.new(STAKE, csl.DRep.new_key_hash(keyHash('drep')))),
    { drep: DREP_TEXT },
  ],
  [
    'vote-delegation',
    csl.Certificate.new_vote_delegation(csl.VoteDelegation.new(STAKE, csl.DRep.new_always_abstain())),
    { drep: 'abstain' },
  ],
  [
    'vote-delegation',
    csl.Certificate.new_vote_delegation(csl.VoteDelegation.new(STAKE, csl.DRep.new_always_no_confidence())),
    { drep: 'no-confidence' },
  ],
  [
    'stake-vote-delegation',
    csl.Certificate.new_stake_and_vote_delegation(csl.StakeAndVoteDelegation.new(STAKE, POOL, csl.DRep.new_always_abstain())),
    { pool: POOL_TEXT, drep: 'abstain' },
  ],
  [
    'stake-registration-delegation',
    csl.Certificate.new_stake_registration_and_delegation(csl.StakeRegistrationAndDelegation.new(STAKE, POOL, coin(5))),
    { pool: POOL_TEXT, depositLovelace: 5n },
  ],
  [
    'vote-registration-delegation',
    csl.Certificate.new_vote_registration_and_delegation(
      csl.VoteRegistrationAndDelegation.new(STAKE, csl.DRep.new_always_abstain(), coin(6)),
    ),
    { drep: 'abstain', depositLovelace: 6n },
  ],
  [
    'stake-vote-registration-delegation',
    csl.Certificate.new_stake_vote_registration_and_delegation(
      csl.StakeVoteRegistrationAndDelegation.new(STAKE, POOL, csl.DRep.new_always_abstain(), coin(7)),
    ),
    { pool: POOL_TEXT, drep: 'abstain', depositLovelace: 7n },
  ],
  ['committee-authorization', csl.Certificate.new_committee_hot_auth(csl.CommitteeHotAuth.new(STAKE, DREP)), { isOwn: true }],
  ['committee-resignation', csl.Certificate.new_committee_cold_resign(csl.CommitteeColdResign.new(STAKE)), { isOwn: true }],
  [
    'drep-registration',
    csl.Certificate.new_drep_registration(csl.DRepRegistration.new_with_anchor(DREP, coin(8), anchor)),
    { isOwn: true, depositLovelace: 8n },
  ],
  [
    'drep-deregistration',
    csl.Certificate.new_drep_deregistration(csl.DRepDeregistration.new(DREP, coin(9))),
    { isOwn: true, depositLovelace: -9n },
  ],
  ['drep-update', csl.Certificate.new_drep_update(csl.DRepUpdate.new(DREP)), { isOwn: true }],
];

test.each(cases)('%s is read as the other library wrote it (%#)', (name, certificate, wanted) => {
  expect(see({ certificates: [certificate] }).certificates).toEqual([expect.objectContaining({ name, ...wanted })]);
});

test('all of them at once are told in their order, each with its own deposit', () => {
  const seen = see({ certificates: cases.map(([, certificate]) => certificate) });
  expect(seen.certificates.map(({ name }) => name)).toEqual(cases.map(([name]) => name));
  expect(seen.intent).toEqual({ kind: 'unrecognised', because: 'mixture' });
});

describe('governance', () => {
  const action = (index: number) => csl.GovernanceActionId.new(csl.TransactionHash.from_hex('33'.repeat(32)), index);
  const voting = (voter: csl.Voter): csl.VotingProcedures => {
    const votes = csl.VotingProcedures.new();
    [csl.VoteKind.No, csl.VoteKind.Yes, csl.VoteKind.Abstain].forEach((kind, i) =>
      votes.insert(voter, action(i), csl.VotingProcedure.new(kind)),
    );
    return votes;
  };

  test('own votes are told with what they vote on', () => {
    const seen = see({ votes: voting(csl.Voter.new_drep_credential(DREP)) });
    expect(seen.votes.map(({ choice, isOwn, role, action: { index } }) => [index, choice, isOwn, role])).toEqual([
      [0, 'no', true, 'drep'],
      [1, 'yes', true, 'drep'],
      [2, 'abstain', true, 'drep'],
    ]);
    expect(seen.intent).toMatchObject({ kind: 'governance', votes: 3 });
    expect(seen.keys).toEqual(['payment', 'drep']);
  });

  test('votes of a pool, a committee or another DRep are not own', () => {
    for (const voter of [
      csl.Voter.new_stake_pool_key_hash(POOL),
      csl.Voter.new_constitutional_committee_hot_credential(DREP),
      csl.Voter.new_drep_credential(STAKE),
    ]) {
      const seen = see({ votes: voting(voter) });
      expect(seen.votes.some(({ isOwn }) => isOwn)).toBe(false);
      expect(seen.intent).toEqual({ kind: 'unrecognised', because: 'mixture' });
    }
  });

  test('a proposal is told with its deposit and where it returns', () => {
    const proposal = csl.VotingProposal.new(
      csl.GovernanceAction.new_info_action(csl.InfoAction.new()),
      anchor,
      csl.RewardAddress.new(0, STAKE),
      csl.BigNum.from_str('100000000000'),
    );
    const seen = see({ proposals: [proposal] });
    expect(seen.proposals).toEqual([
      { action: 'info', depositLovelace: 100_000_000_000n, returnsTo: csl.RewardAddress.new(0, STAKE).to_address().to_bech32() },
    ]);
    expect(seen.risks).toContainEqual({ code: 'proposals', level: 'confirm', detail: { count: 1, lovelace: 100_000_000_000n } });
  });
});
