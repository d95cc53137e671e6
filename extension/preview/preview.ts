// What a person is shown before signing, worked out from the exact bytes: closed types without words, so that every language says the same.
import type { Credential } from '@nunet/contracts/address.ts';
import type { SlotConfig, Utxo } from '@nunet/contracts/chain/chain.ts';
import type { AssetId, Network, OutputReference } from '@nunet/shared/fields.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';
import type { KeyRole } from '../vault/messages.ts';

/** What the runner knows about the world that some transactions touch. It claims nothing about the transactions themselves. */
export interface PreviewGround {
  network: Network;
  /** NTX of this network, where its record or the public list names it. */
  ntx: AssetId | null;
  record: NetworkRecord | null;
  slotConfig: SlotConfig;
  tipTimeMs: number | null;
  /** Keys: Ed25519 public keys, hex. */
  account: { index: number; name: string; address: string; stakeAddress: string; payment: string; stake: string; drep: string };
  /** Spendable before this. */
  balance: { lovelace: bigint; baseUnits: bigint } | null;
  /** Outputs that are spent or put up as collateral, read from raw transactions that hash to their id. */
  inputs: Utxo[];
  /** Inputs that the chain does not know, or that could not be asked for in time. */
  unresolved: OutputReference[];
  /** What the ledger takes for a registration that names no amount itself. */
  deposits: { key: bigint; pool: bigint };
  /** Signed quotes (envelopes) that the datums of these transactions name, where the runner has them. */
  quotes: { envelope: Uint8Array; title: string }[];
  /** Addresses that this account has paid before, or keeps in its address book. */
  known: { address: string; name: string | null }[];
}

export interface TokenAmount {
  /** Policy and asset name, hex, as one string. */
  unit: string;
  /** A stranger's word; unseen characters are taken out. */
  label: string;
  quantity: bigint;
  decimals: number;
  isNtx: boolean;
}

export interface Recipient {
  address: string;
  name: string | null;
  lovelace: bigint;
  tokens: TokenAmount[];
}

export type Intent =
  /** Script, oracle keys, k, asset, return address and the signed quote all match the network record. */
  | {
      kind: 'lock';
      amountBaseUnits: bigint;
      lovelace: bigint;
      jobTitle: string;
      computeProvider: string;
      refundableAfterMs: number;
      oracles: number;
      k: number;
    }
  /** To keys, from this account's money alone, all change back home. */
  | { kind: 'payment'; recipients: Recipient[] }
  | { kind: 'own'; reason: 'collateral' | 'move' }
  /** Everything of these own locks comes home. */
  | { kind: 'reclaim'; locks: number; baseUnits: bigint }
  /** `paidBaseUnits`: to the compute providers; the rest comes back. */
  | { kind: 'agree' | 'settle'; locks: number; paidBaseUnits: bigint; backBaseUnits: bigint }
  | { kind: 'staking'; certificates: CertificateView[]; withdrawnLovelace: bigint }
  | { kind: 'governance'; certificates: CertificateView[]; votes: number; proposals: number }
  /** Fits no sentence. A typed confirmation is asked for, or it is refused. */
  | { kind: 'unrecognised'; because: 'script' | 'script-like-ours' | 'mixture' | 'others-money' | 'unknown-fields' | 'unresolved' };

/** A certificate of the Conway CDDL. `unknown`: of a later or an earlier era. */
export type CertificateName =
  | 'stake-registration'
  | 'stake-deregistration'
  | 'stake-delegation'
  | 'pool-registration'
  | 'pool-retirement'
  | 'vote-delegation'
  | 'stake-vote-delegation'
  | 'stake-registration-delegation'
  | 'vote-registration-delegation'
  | 'stake-vote-registration-delegation'
  | 'committee-authorization'
  | 'committee-resignation'
  | 'drep-registration'
  | 'drep-deregistration'
  | 'drep-update'
  | 'unknown';

export interface CertificateView {
  name: CertificateName;
  /** This account's stake or DRep key has to agree to it. */
  isOwn: boolean;
  credential: Credential | null;
  /** Pool (bech32), and who votes: a DRep (bech32), `abstain` or `no-confidence`. */
  pool: string | null;
  drep: string | null;
  /** Above zero: paid; below: comes back. */
  depositLovelace: bigint;
}

export interface VoteView {
  role: 'committee' | 'drep' | 'pool';
  isOwn: boolean;
  action: OutputReference;
  choice: 'no' | 'yes' | 'abstain';
}

export type RiskCode =
  | 'network-mismatch'
  | 'byron-address'
  | 'unknown-script'
  | 'foreign-oracles'
  | 'quote-mismatch'
  | 'quote-missing'
  | 'datum-missing'
  | 'collateral-at-risk'
  | 'no-expiry'
  | 'expired'
  | 'new-recipient'
  | 'look-alike-address'
  | 'large-part'
  | 'empties-wallet'
  | 'foreign-inputs'
  | 'unresolved-inputs'
  | 'certificates'
  | 'unknown-certificates'
  | 'withdrawals'
  | 'votes'
  | 'proposals'
  | 'donation'
  | 'mint'
  | 'high-fee'
  | 'foreign-change'
  | 'burdened-change'
  | 'unknown-fields'
  | 'script-data-without-script'
  | 'metadata-unseen'
  | 'odd-encoding'
  | 'marked-invalid'
  | 'hidden-characters'
  | 'not-text'
  | 'other-site';

export interface Risk {
  code: RiskCode;
  /** `stop`: cannot be approved. `confirm`: a typed confirmation is asked for. `warn`: shown. */
  level: 'stop' | 'confirm' | 'warn';
  /** Facts for the sentence: addresses, amounts, counts; a stranger's words are still to be drawn as such. */
  detail: Record<string, string | number | bigint>;
}

/** Of the account: what leaves is negative. */
export interface Effect {
  lovelace: bigint;
  tokens: TokenAmount[];
}

export interface OutputView {
  address: string;
  name: string | null;
  /** The account's payment key alone opens it. */
  isOwn: boolean;
  isScript: boolean;
  hasDatum: boolean;
  lovelace: bigint;
  tokens: TokenAmount[];
}

export interface TransactionPreview {
  /** blake2b-256 of the body, as it is. */
  hash: string;
  intent: Intent;
  /** Fee, deposits and what stays locked are in it; rewards and deposits that come back count as the account's own before. Inputs that nobody knows count as own, so that a loss is never shown too small. */
  effect: Effect;
  /** Instead of `effect`, if a script fails. Null: none of this account's money is put up for that. */
  effectIfScriptFails: Effect | null;
  feeLovelace: bigint;
  /** Of the account's reward account, moved to where the outputs go. */
  withdrawnLovelace: bigint;
  certificates: CertificateView[];
  votes: VoteView[];
  proposals: { action: string; depositLovelace: bigint; returnsTo: string }[];
  outputs: OutputView[];
  inputs: { reference: OutputReference; isOwn: boolean; lovelace: bigint | null }[];
  /** Minted, or burnt where negative. */
  mint: TokenAmount[];
  validFromMs: number | null;
  validUntilMs: number | null;
  /** Text of the metadata, cut; a stranger's words. */
  metadata: string[];
  /** The account's keys that this asks for. */
  keys: KeyRole[];
  risks: Risk[];
  cbor: string;
}

/** CIP-8: what a person signs that is no transaction. */
export interface DataPreview {
  /** blake2b-256 of the Sig_structure. */
  hash: string;
  /** Bech32: an address, a reward address, or a DRep id. */
  signsAs: string;
  role: KeyRole;
  /** Null: it is not readable as text. A stranger's words. */
  text: string | null;
  /** Hex. */
  payload: string;
  bytes: number;
  /** The site for which the text says that one signs in; null: none. */
  site: string | null;
  risks: Risk[];
}
