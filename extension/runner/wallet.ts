// The keys of this runner: a devnet-only payment key, a network key, one key a job. In memory alone; all are gone with the browser.
import { addressOf } from '@nunet/contracts/address.ts';
import type { Wallet } from '@nunet/contracts/job-escrow.ts';
import { keyHash, signTransaction } from '@nunet/contracts/sign.ts';
import { bytesToHex } from '@noble/hashes/utils.js';
import { NunetError } from '@nunet/shared/errors.ts';
import type { JobKeys } from '@nunet/shared/job-flow/ports.ts';
import { peerIdOfKey } from '@nunet/shared/peer-id.ts';
import { signerOf, type Signer } from '@nunet/shared/signature.ts';

export interface RunnerKeys {
  readonly wallet: Wallet;
  /** What the network frame is started with; it knows hostile bytes, so money depends on nothing that it signs. */
  readonly network: { readonly seed: Uint8Array; readonly peerId: string; readonly signer: Signer };
  /** Makes the key of a job that is being opened. */
  open(signer: Signer, jobId: string): void;
  has(jobId: string): boolean;
  readonly jobs: JobKeys;
}

/** Fresh keys. `random` gives secret bytes. */
export function newKeys(random: (bytes: number) => Uint8Array): RunnerKeys {
  const payment = bytesToHex(random(32));
  const seed = random(32);
  const network = signerOf(seed);
  const jobs = new Map<string, Signer>();
  return {
    wallet: {
      address: addressOf({ payment: { kind: 'key', hash: keyHash(payment) } }),
      sign: (cbor) => signTransaction(cbor, [payment]),
    },
    network: { seed, peerId: peerIdOfKey(network.publicKey), signer: network },
    open: (signer, jobId) => void jobs.set(jobId, signer),
    has: (jobId) => jobs.has(jobId),
    jobs: {
      async signer(jobId) {
        const signer = jobs.get(jobId);
        if (signer === undefined)
          throw new NunetError('key-lost', 'Cannot sign for this job: its key was in the memory of a browser that has been closed');
        return signer;
      },
    },
  };
}
