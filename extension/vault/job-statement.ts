// What a job's key may sign, read back from the very bytes: a voucher of its own lock within the budget, or a statement about its job.
// The formats are shared/lock.ts (`voucherBytes`) and shared/signature.ts (`statementBytes`); a byte more or less is neither.
import { bytesToHex, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import { isLockOf, type HeldGrant } from './stored.ts';

/** tag 16 || txId 32 || index 2 || paid 8 || keyHash 32. */
const VOUCHER_BYTES = 90;
const VOUCHER_TAG = new Uint8Array(16);
VOUCHER_TAG.set(utf8ToBytes('nunet/voucher/1'));
/** CIDv1, dag-cbor, blake2b-256 of 32 bytes. */
const CID_HEAD = hexToBytes('0171a0e40220');
const CID_BYTES = CID_HEAD.length + 32;
const STATEMENT = /^nunet\/(ack|dispute|cancel)\/1\0(devnet|preview|preprod)\0$/;

const startsWith = (bytes: Uint8Array, head: Uint8Array): boolean => head.every((byte, at) => bytes[at] === byte);

const refused = (why: string): NunetError => new NunetError('job-refused', `Cannot sign with the job's key: ${why}; nothing was signed`);

function demandVoucher(bytes: Uint8Array, grant: HeldGrant): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const reference = { txId: bytesToHex(bytes.subarray(16, 48)), index: view.getUint16(48) };
  const paid = view.getBigUint64(50);
  if (!isLockOf(grant, reference)) throw refused('the voucher is for another lock');
  if (paid > grant.budgetBaseUnits) throw refused(`the voucher pays ${paid} base units, the approved budget is ${grant.budgetBaseUnits}`);
}

function demandStatement(bytes: Uint8Array, grant: HeldGrant): void {
  const match = new TextDecoder('latin1').decode(bytes.subarray(0, -CID_BYTES)).match(STATEMENT);
  if (match === null || !startsWith(bytes.subarray(-CID_BYTES), CID_HEAD))
    throw refused('it is neither a voucher nor an acknowledgement, a dispute or a cancellation');
  if (match[2] !== grant.network) throw refused(`the statement is for ${match[2]}, the job is on ${grant.network}`);
}

/** Throws `job-refused`. */
export function demandJobBytes(bytes: Uint8Array, grant: HeldGrant): void {
  if (bytes.length === VOUCHER_BYTES && startsWith(bytes, VOUCHER_TAG)) demandVoucher(bytes, grant);
  else demandStatement(bytes, grant);
}
