// What the wallet's own pages ask the runner about web pages that want something: pending approvals, and grants.
import { z } from 'zod';

const approvalId = z.string().regex(/^[0-9a-f]{32}$/);
const witness = z.strictObject({ publicKey: z.string().regex(/^[0-9a-f]{64}$/), signature: z.string().regex(/^[0-9a-f]{128}$/) });

export const dappRequests = [
  /** The person's word on a pending request. `null`: refused. */
  z.strictObject({
    type: z.literal('resolve-dapp'),
    dappId: approvalId,
    answer: z
      .discriminatedUnion('kind', [
        /** Account and network as they were shown: refused where they are others by now. `days`: how long the grant holds. */
        z.strictObject({
          kind: z.literal('connect'),
          account: z.int().min(0).max(99),
          network: z.string().max(20),
          days: z.int().min(1).max(365),
        }),
        z.strictObject({ kind: z.literal('transactions'), witnesses: z.array(z.array(witness).max(40)).max(20) }),
        z.strictObject({
          kind: z.literal('data'),
          signature: z.string().regex(/^([0-9a-f]{2}){1,8192}$/),
          key: z.string().regex(/^([0-9a-f]{2}){1,512}$/),
        }),
      ])
      .nullable(),
  }),
  /** This page shows the question now: where its port ends, that is a no. */
  z.strictObject({ type: z.literal('show-dapp'), dappId: approvalId }),
  z.strictObject({ type: z.literal('revoke-dapp'), origin: z.string().max(300), account: z.int().min(0).max(99) }),
] as const;
export type DappRequest = z.infer<(typeof dappRequests)[number]>;

export interface DappGrant {
  origin: string;
  account: number;
  network: string;
  grantedAtMs: number;
  expiresAtMs: number;
  /** CIP numbers that were granted. */
  extensions: number[];
}

/** A web page waits for the person. */
export interface DappPending {
  dappId: string;
  origin: string;
  /** Tab, frame and document, for the vault's proposal. */
  frame: string;
  askedAtMs: number;
  /** The selected ones. Where they change, a `connect` is shown with the new ones and everything else ends. */
  account: number;
  network: string;
  what:
    | { kind: 'connect'; extensions: number[] }
    /** `isPartial`: CIP-30's partialSign. `roles`: the keys that this account adds. */
    | { kind: 'transactions'; transactions: { cbor: string; isPartial: boolean; roles: ('payment' | 'stake' | 'drep')[] }[] }
    /** `text`: the payload where it is readable text. */
    | { kind: 'data'; address: string; role: 'payment' | 'stake' | 'drep'; payload: string; text: string | null };
}

export interface DappView {
  pending: DappPending[];
  grants: DappGrant[];
}

export interface DappAnswers {
  'resolve-dapp': null;
  'show-dapp': null;
  'revoke-dapp': null;
}

const TYPES: ReadonlySet<string> = new Set(dappRequests.map((request) => request.shape.type.value));
export const isDappRequest = (request: { type: string }): request is DappRequest => TYPES.has(request.type);
