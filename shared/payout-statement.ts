// PayoutStatement: what a wallet signs (CIP-8) so that an agent's pay goes to its address. A text that a person can read, in one canonical form.
import { z } from 'zod';
import { NunetError } from './errors.ts';
import { cardanoAddress, network, peerIdText, timeMs } from './fields.ts';

/** Longer than any statement; read before anything is parsed. */
export const MAX_PAYOUT_TEXT = 800;
/** A statement is believed for at most this long after it is taken, so that a forgotten one ends by itself. */
export const MAX_PAYOUT_LIFETIME_MS = 2 * 366 * 86_400_000;
export const PAYOUT_LIFETIME_MS = 365 * 86_400_000;

export const payoutStatement = z
  .strictObject({
    network,
    /** The agent whose pay is meant. */
    agent: peerIdText,
    /** Where pay goes from now on. */
    address: cardanoAddress,
    /** 1 for an agent's first statement, then one more each time. */
    sequence: z.int().min(1).max(1_000_000),
    /** The address of the statement before, whose wallet signs this one too; null in the first. */
    previous: cardanoAddress.nullable(),
    /** POSIX ms, whole seconds. */
    expiresAt: timeMs.refine((value) => value % 1_000 === 0, 'must be whole seconds'),
  })
  .refine(
    ({ sequence, previous }) => (sequence === 1) === (previous === null),
    'the first statement names no previous address, later ones do',
  );
export type PayoutStatement = z.infer<typeof payoutStatement>;

const HEAD = 'nunet/payout/1';
const MEANING = 'The pay of this NuNet agent goes to this address.';
const NONE = 'none';

const timeText = (ms: number): string => new Date(ms).toISOString().replace('.000Z', 'Z');

/** The one form of a statement: what is signed, without a line break at its end. */
export const payoutText = (statement: PayoutStatement): string =>
  [
    HEAD,
    MEANING,
    `network: ${statement.network}`,
    `agent: ${statement.agent}`,
    `address: ${statement.address}`,
    `previous address: ${statement.previous ?? NONE}`,
    `sequence: ${statement.sequence}`,
    `valid until: ${timeText(statement.expiresAt)}`,
  ].join('\n');

const FORM = new RegExp(
  [
    `^${HEAD}`,
    MEANING.replace('.', '\\.'),
    'network: ([a-z]{1,10})',
    'agent: ([1-9A-HJ-NP-Za-km-z]{1,60})',
    'address: ([a-z0-9_]{1,130})',
    'previous address: ([a-z0-9_]{1,130})',
    'sequence: ([1-9]\\d{0,6})',
    'valid until: (\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ)$',
  ].join('\n'),
);

/** Reads exactly what `payoutText` writes. Throws `payout-statement-invalid`. */
export function parsePayoutText(text: string): PayoutStatement {
  const invalid = (why: string): NunetError =>
    new NunetError('payout-statement-invalid', `Cannot read the payout statement: ${why}; want the text as the agent printed it`);
  if (text.length > MAX_PAYOUT_TEXT) throw invalid(`it has ${text.length} characters, want at most ${MAX_PAYOUT_TEXT}`);
  const match = FORM.exec(text);
  if (match === null) throw invalid('it is not of the form of one');
  const [, of, agent, address, previous, sequence, until] = match;
  const parsed = payoutStatement.safeParse({
    network: of,
    agent,
    address,
    previous: previous === NONE ? null : previous,
    sequence: Number(sequence),
    expiresAt: Date.parse(until ?? ''),
  });
  if (!parsed.success) throw invalid(`${parsed.error.issues[0]?.path.join('.') ?? ''} ${parsed.error.issues[0]?.message ?? ''}`.trim());
  // A 30th of February, upper case in an address: one statement has one text.
  if (payoutText(parsed.data) !== text) throw invalid('it is not in its canonical form');
  return parsed.data;
}

/** As a person pastes it: with spaces around lines, Windows line ends, or empty lines about it. Throws as `parsePayoutText`. */
export function readPastedPayout(pasted: string): { statement: PayoutStatement; text: string } {
  if (pasted.length > 2 * MAX_PAYOUT_TEXT) return { statement: parsePayoutText(pasted), text: pasted };
  const text = pasted
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
  return { statement: parsePayoutText(text), text };
}

/** A wallet's signature of a statement as it is handed over: COSE_Sign1 and COSE_Key of CIP-30, hex. */
export interface PayoutSignature {
  signature: string;
  key: string;
}

const PROOF_HEAD = 'nunet-payout-proof.';
const MAX_PROOF_TEXT = 4_096;
const coseHex = z
  .string()
  .max(3_000)
  .regex(/^([0-9a-f]{2})+$/);
const cip30Signature = z.object({ signature: coseHex, key: coseHex });

/** One word to paste into a terminal. */
export const payoutProofText = ({ signature, key }: PayoutSignature): string => `${PROOF_HEAD}${signature}.${key}`;

/** That word, or the JSON that another CIP-30 wallet gives. Throws `payout-proof-invalid`. */
export function parsePayoutProof(text: string): PayoutSignature {
  const invalid = new NunetError(
    'payout-proof-invalid',
    `Cannot read the proof: want the one line that the wallet's page gives (${PROOF_HEAD}...), or a wallet's {"signature": ..., "key": ...}`,
  );
  const trimmed = text.slice(0, MAX_PROOF_TEXT + 1).trim();
  if (trimmed.length > MAX_PROOF_TEXT) throw invalid;
  let value: unknown;
  if (trimmed.startsWith(PROOF_HEAD)) {
    const parts = trimmed.slice(PROOF_HEAD.length).split('.');
    if (parts.length !== 2) throw invalid;
    value = { signature: parts[0], key: parts[1] };
  } else {
    try {
      value = JSON.parse(trimmed);
    } catch {
      throw invalid;
    }
  }
  const parsed = cip30Signature.safeParse(value);
  if (!parsed.success) throw invalid;
  return { signature: parsed.data.signature, key: parsed.data.key };
}
