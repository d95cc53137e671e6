// What a page may ask the runner about the wallet's money. Nothing here signs: what is built goes to the signing sheet.
import { amount, hex28, hex32 } from '@nunet/shared/fields.ts';
import { z } from 'zod';

const address = z.string().min(1).max(150);
/** A token: policy, and asset name in hex (at most 32 bytes). */
const token = z.strictObject({ policyId: hex28, assetName: z.string().regex(/^([0-9a-f]{2}){0,32}$/), quantity: amount });
/** The ledger takes 16 KiB. */
export const transactionHex = z.string().regex(/^([0-9a-f]{2}){1,16384}$/);

export const walletRequests = [
  /**
   * An unsigned payment. `lovelace` null: the least that the tokens need. `isAll`: everything that can be spent, all tokens with it, less
   * the fee; the two other fields are not looked at then. Answer: `BuiltPayment`.
   */
  z.strictObject({
    type: z.literal('build-payment'),
    to: address,
    lovelace: amount.nullable(),
    tokens: z.array(token).max(100),
    isAll: z.boolean(),
    /** Metadata label 674 (CIP-20), at most 64 bytes a line in UTF-8. */
    memo: z.string().max(512),
  }),
  /** Sets an output of pure ADA apart for scripts, or gives it back to be spent. Answer: `BuiltPayment`, or null when nothing has to be built. */
  z.strictObject({ type: z.literal('build-collateral'), isWanted: z.boolean() }),
  /** Adds witnesses to what was built and sends it. Answer: `{ txId }`. */
  z.strictObject({
    type: z.literal('submit'),
    cbor: transactionHex,
    witnesses: z.array(z.strictObject({ publicKey: hex32, signature: z.string().regex(/^[0-9a-f]{128}$/) })).max(40),
  }),
  /** Newest first; `before`: the transaction after which to go on. Answer: `HistoryPage`. */
  z.strictObject({ type: z.literal('history'), before: hex32.nullable() }),
  /** The newest 1,000 transactions as CSV. Answer: `{ csv, isWhole }`. */
  z.strictObject({ type: z.literal('history-csv') }),
  z.strictObject({ type: z.literal('address-book') }),
  z.strictObject({ type: z.literal('save-contact'), name: z.string().min(1).max(60), address }),
  z.strictObject({ type: z.literal('remove-contact'), address }),
  /** A token that the spam filter hides is shown from now on, or the other way about. */
  z.strictObject({ type: z.literal('show-token'), unit: z.string().max(120), isShown: z.boolean() }),
  /** Answer: `{ image }`, to be drawn through a blob: URL in an img and nowhere else. */
  z.strictObject({ type: z.literal('token-image'), unit: z.string().max(120) }),
  /** After the wallet was removed from the vault: removes what is kept here of its money, that is address book, history and what was sent. */
  z.strictObject({ type: z.literal('forget-wallet') }),
] as const;
export type WalletRequest = z.infer<(typeof walletRequests)[number]>;

/** A raster image out of the metadata of a minting transaction; its first bytes were looked at. */
export interface TokenImage {
  type: 'image/png' | 'image/jpeg' | 'image/gif' | 'image/webp';
  bytes: Uint8Array<ArrayBuffer>;
}

/** A token that the account holds. Names are a stranger's words: bidi controls and what does not print are taken out. */
export interface TokenView {
  /** Policy and asset name, hex, as one string. */
  unit: string;
  policyId: string;
  assetName: string;
  /** From the metadata of the minting transaction or the asset name, where that is text; else a short form of its fingerprint. */
  label: string;
  /** CIP-14. */
  fingerprint: string;
  quantity: bigint;
  decimals: number;
  isNtx: boolean;
  /** `here`: `token-image` gives it. `elsewhere`: its metadata names a place on the internet, where nothing is fetched from. */
  image: 'none' | 'here' | 'elsewhere';
  /** Hidden unless the person shows it; why. */
  hiddenBecause: 'nobody asked for it' | 'by the person' | null;
}

export interface WalletView {
  account: number;
  name: string;
  /** Base address of the account (CIP-19), the only one that it uses. */
  address: string;
  stakeAddress: string;
  /** False until the chain has told. */
  isKnown: boolean;
  /** NTX of the network, spendable. */
  baseUnits: bigint;
  /** Spendable, without the collateral. */
  lovelace: bigint;
  collateralLovelace: bigint;
  /** NTX first, then by name. */
  tokens: TokenView[];
  /** Transactions that were sent and are in no block yet, newest first. */
  pending: PendingView[];
}

export interface PendingView {
  txId: string;
  sentAtMs: number;
  /** The ledger takes it no more from then on. Null: it has no end. */
  validUntilMs: number | null;
  /** Net effect on this account; the fee is in it. */
  lovelace: bigint;
  baseUnits: bigint;
  /** Why it is not on its way: the source did not answer (it is sent again by itself), or the ledger refused it. */
  problem: { code: string; message: string } | null;
}

/** Unsigned. */
export interface BuiltPayment {
  cbor: string;
  fee: bigint;
  /** What the recipient gets. */
  lovelace: bigint;
  /** The ledger takes it no more from then on. */
  validUntilMs: number;
}

export interface HistoryEntry {
  txId: string;
  timeMs: number;
  confirmations: number;
  /** Net effect on this account, the fee included where it paid. */
  lovelace: bigint;
  feeLovelace: bigint;
  tokens: { unit: string; label: string; quantity: bigint; decimals: number }[];
  /** Others' addresses, at most ten. */
  counterparties: string[];
  kind: 'sent' | 'received' | 'own' | 'lock' | 'settle' | 'reclaim' | 'script' | 'failed-script';
  memo: string | null;
}

export interface HistoryPage {
  entries: HistoryEntry[];
  /** To ask on with; null: there is no more. */
  next: string | null;
}

export interface Contact {
  name: string;
  address: string;
}

export interface WalletAnswers {
  'build-payment': BuiltPayment;
  'build-collateral': BuiltPayment | null;
  submit: { txId: string };
  history: HistoryPage;
  'history-csv': { csv: string; isWhole: boolean };
  'address-book': { contacts: Contact[] };
  'save-contact': null;
  'remove-contact': null;
  'show-token': null;
  'token-image': { image: TokenImage | null };
  'forget-wallet': null;
}

/** Narrows a page's request to one of these. */
const TYPES: ReadonlySet<string> = new Set(walletRequests.map((request) => request.shape.type.value));
export const isWalletRequest = (request: { type: string }): request is WalletRequest => TYPES.has(request.type);
