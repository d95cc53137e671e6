// What a dApp wants signed, worked out before the person is asked: which keys it needs, and whether it may be asked for at all.
import { readTransactionHex } from '@nunet/contracts/chain/transaction.ts';
import { safeError } from '@nunet/shared/errors.ts';
import { referenceText, type OutputReference } from '@nunet/shared/fields.ts';
import type { Linked } from '../runner/linked.ts';
import { API, Faulty, fault, invalid, TX_SEND, type CodedFault } from './faults.ts';
import { neededKeys } from './needed-keys.ts';
import type { DappPending } from './page-messages.ts';
import { isOwnDomain, payloadText } from './payload.ts';
import type { Money } from './read-answers.ts';
import { dataSigner, signingRoles } from './signing-keys.ts';

/** Inputs that are looked up for one request; a transaction of 16 KiB holds some 400. */
const MAX_LOOK_UPS = 200;
const LOOK_UP_MS = 15_000;
/** Characters of a ledger's reason that a page is told. */
const MAX_REASON = 2_000;

type What<Kind extends DappPending['what']['kind']> = Extract<DappPending['what'], { kind: Kind }>;

/** Throws APIError, TxSignError. */
export async function transactionsToSign(
  linked: Linked,
  transactions: readonly { cbor: string; partialSign?: boolean | null | undefined }[],
): Promise<What<'transactions'>> {
  const at = (index: number): string => (transactions.length === 1 ? '' : `Transaction ${index}: `);
  const read = transactions.map(({ cbor }, index) => {
    try {
      return readTransactionHex(cbor);
    } catch {
      throw invalid(`${at(index)}not a transaction`);
    }
  });
  // A later one may spend what an earlier one makes (CIP-103).
  const addresses = new Map<string, string>();
  for (const { outputs } of read) for (const { reference, address } of outputs) addresses.set(referenceText(reference), address);
  for (const { reference, address } of linked.utxos() ?? []) addresses.set(referenceText(reference), address);
  const spent = read.flatMap(({ inputs, collateralInputs }) => [...inputs, ...collateralInputs]);
  await lookUp(linked, spent, addresses);
  return {
    kind: 'transactions',
    transactions: transactions.map(({ cbor, partialSign }, index) => {
      const isPartial = partialSign === true;
      let keys;
      try {
        keys = neededKeys(cbor, (reference) => addresses.get(referenceText(reference)) ?? null);
      } catch {
        throw invalid(`${at(index)}not a transaction of this era`);
      }
      return { cbor, isPartial, roles: signingRoles(keys, linked.account, isPartial, at(index)) };
    }),
  };
}

/** Whose the other inputs are, from the chain. What it does not know stays unknown. */
async function lookUp(linked: Linked, spent: readonly OutputReference[], addresses: Map<string, string>): Promise<void> {
  const unknown = [...new Map(spent.map((reference) => [referenceText(reference), reference]))].filter(([text]) => !addresses.has(text));
  if (unknown.length > MAX_LOOK_UPS) throw invalid('The transaction spends too many outputs of others');
  const within = AbortSignal.any([linked.signal, AbortSignal.timeout(LOOK_UP_MS)]);
  try {
    await Promise.all(
      unknown.map(async ([text, reference]) => {
        const found = await linked.chain.output(reference, within);
        if (found !== null) addresses.set(text, found.utxo.address);
      }),
    );
  } catch {
    throw fault(API.internalError, 'The chain does not answer; ask again');
  }
}

/** Throws APIError, DataSignError. */
export function dataToSign(linked: Linked, address: string, payload: string, withDRep: boolean): What<'data'> {
  if (isOwnDomain(payload)) throw invalid('A page cannot ask for a signature in a nunet/ domain');
  const signer = dataSigner(address, linked.account, withDRep);
  return { kind: 'data', ...signer, payload, text: payloadText(payload) };
}

/** Sends one; gives its id. Throws TxSendError. */
export async function send(linked: Linked, money: Pick<Money, 'sendSigned'>, cbor: string): Promise<string> {
  let inputs: OutputReference[];
  try {
    ({ inputs } = readTransactionHex(cbor));
  } catch {
    throw invalid('Not a transaction');
  }
  const own = new Set((linked.utxos() ?? []).map(({ reference }) => referenceText(reference)));
  try {
    // What spends from this account is shown as on its way; anybody else's is only passed on.
    if (inputs.some((reference) => own.has(referenceText(reference)))) return (await money.sendSigned(cbor)).txId;
    return await linked.chain.submit(cbor, linked.signal);
  } catch (error) {
    const { code, message } = safeError(error);
    throw fault(TX_SEND.failure, code === 'internal' ? 'The transaction could not be sent' : message.slice(0, MAX_REASON));
  }
}

/** CIP-103: all are tried, in their order. Throws ids and TxSendErrors where any failed. */
export async function sendAll(linked: Linked, money: Pick<Money, 'sendSigned'>, transactions: readonly string[]): Promise<string[]> {
  const results: (string | CodedFault)[] = [];
  for (const cbor of transactions) {
    try {
      results.push(await send(linked, money, cbor));
    } catch (error) {
      if (!(error instanceof Faulty) || !('code' in error.fault)) throw error;
      // CIP-103 knows no other error in this list.
      results.push({ code: TX_SEND.failure, info: error.fault.info });
    }
  }
  if (results.some((result) => typeof result !== 'string')) throw new Faulty(results);
  return results as string[];
}
