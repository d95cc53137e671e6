// The trace that a run begins: an agent's spans of the job continue it. Source: W3C Trace Context, version 00.
import { bytesToHex } from '@noble/hashes/utils.js';

/** Sampled, so that whoever asked for traces gets this one. All-zero ids, which are not valid, come once in 2^64 times. */
export const newTrace = (random: (bytes: number) => Uint8Array): string => `00-${bytesToHex(random(16))}-${bytesToHex(random(8))}-01`;
