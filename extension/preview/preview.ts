// What a person is shown before signing, worked out from the exact bytes: closed types without words, so that every language says the same.
import type { SlotConfig, Utxo } from '@nunet/contracts/chain/chain.ts';
import type { AssetId, Network, OutputReference } from '@nunet/shared/fields.ts';
import type { NetworkRecord } from '@nunet/shared/network-record.ts';

/** What the runner knows about the world that some transactions touch. It claims nothing about the transactions themselves. */
export interface PreviewGround {
  network: Network;
  /** NTX of this network, where its record or the public list names it. */
  ntx: AssetId | null;
  record: NetworkRecord | null;
  slotConfig: SlotConfig;
  tipTimeMs: number | null;
  account: { index: number; name: string; address: string; stakeAddress: string; payment: string; stake: string; drep: string };
  /** Spendable before this. */
  balance: { lovelace: bigint; baseUnits: bigint } | null;
  /** Outputs that are spent, read from raw transactions that hash to their id. */
  inputs: Utxo[];
  /** Inputs that the chain does not know, such as those of a transaction that waits beside this one. */
  unresolved: OutputReference[];
  /** The signed quote (envelope) of the job whose lock this is, where the runner has it. */
  quote: { envelope: Uint8Array; title: string } | null;
  /** Addresses that this account has paid before, or keeps in its address book. */
  known: { address: string; name: string | null }[];
}

export type Intent =
  /** Script, oracle keys, k, asset, return address and the signed quote all match the network record. */
  | {
      kind: 'lock';
      amountBaseUnits: bigint;
      jobTitle: string;
      computeProvider: string;
      refundableAfterMs: number;
      oracles: number;
      k: number;
    }
  | { kind: 'payment'; to: string; name: string | null; lovelace: bigint; tokens: TokenAmount[] }
  | { kind: 'own'; reason: 'collateral' | 'move' }
  | { kind: 'reclaim' | 'agree' | 'settle'; locks: number }
  | { kind: 'staking'; certificates: CertificateView[] }
  | { kind: 'governance'; certificates: CertificateView[]; votes: number; proposals: number }
  | { kind: 'data'; text: string | null }
  /** Something locks, spends or runs a script that the network record does not name, or fits no sentence. A typed confirmation is asked for. */
  | { kind: 'unrecognised'; because: 'script' | 'script-like-ours' | 'many-recipients' | 'unknown-fields' | 'unresolved' };

export interface TokenAmount {
  unit: string;
  label: string;
  quantity: bigint;
  decimals: number;
  isNtx: boolean;
}

/** Name of the CDDL's certificate, with what it binds. */
export interface CertificateView {
  name: string;
  /** Whose: this account's stake or DRep key, or somebody else's. */
  isOwn: boolean;
  /** Pool, DRep or credential as bech32 or hex. */
  target: string | null;
  depositLovelace: bigint | null;
}

export type RiskCode =
  | 'network-mismatch'
  | 'unknown-script'
  | 'foreign-oracles'
  | 'quote-mismatch'
  | 'datum-missing'
  | 'collateral-at-risk'
  | 'no-expiry'
  | 'expired'
  | 'new-recipient'
  | 'large-part'
  | 'empties-wallet'
  | 'foreign-inputs'
  | 'unresolved-inputs'
  | 'certificates'
  | 'withdrawals'
  | 'votes'
  | 'mint'
  | 'high-fee'
  | 'foreign-change'
  | 'unknown-fields'
  | 'script-data-without-script'
  | 'marked-invalid'
  | 'look-alike-address'
  | 'hidden-characters'
  | 'not-text';

export interface Risk {
  code: RiskCode;
  /** `stop`: cannot be approved. `confirm`: a typed confirmation is asked for. `warn`: shown. */
  level: 'stop' | 'confirm' | 'warn';
  /** Facts for the sentence: addresses, amounts, counts; a stranger's words are still to be drawn as such. */
  detail: Record<string, string | number | bigint>;
}

export interface TransactionPreview {
  /** blake2b-256 of the body, as it is. */
  hash: string;
  intent: Intent;
  /** Of this account: out is negative. The fee and what stays locked in outputs are in it. */
  effect: { lovelace: bigint; tokens: TokenAmount[] };
  feeLovelace: bigint;
  outputs: { address: string; name: string | null; isOwn: boolean; isScript: boolean; lovelace: bigint; tokens: TokenAmount[] }[];
  inputs: { reference: OutputReference; isOwn: boolean; lovelace: bigint | null }[];
  validFromMs: number | null;
  validUntilMs: number | null;
  risks: Risk[];
  cbor: string;
}
