// Cheats with files: bytes that are not those of their hash, and a hash that is not that of the file.
import { rawCidOf } from '@nunet/shared/encoding.ts';
import { BlobStore } from '@nunet/node-agent/blobs.ts';

/** The manifest tells the truth; what is served has one bit turned. */
export function serveFalseBytes(): void {
  // oxlint-disable-next-line typescript/unbound-method -- called with a `this` below
  const honest = BlobStore.prototype.read;
  BlobStore.prototype.read = async function (jobId, cid) {
    const bytes = await honest.call(this, jobId, cid);
    if (bytes === null || bytes.length === 0) return bytes;
    const turned = Uint8Array.from(bytes);
    turned[turned.length >> 1] = (turned[turned.length >> 1] ?? 0) ^ 1;
    return turned;
  };
}

/** The manifest names a hash of nothing; asked for it, the real file's first block comes. */
export function serveUnderFalseHash(): void {
  // oxlint-disable-next-line typescript/unbound-method -- called with a `this` below
  const { read, adoptFile } = BlobStore.prototype;
  const real = new Map<string, string>();
  BlobStore.prototype.adoptFile = async function (jobId, path, options) {
    const { cid, bytes } = await adoptFile.call(this, jobId, path, options);
    const claimed = rawCidOf(new TextEncoder().encode(`not ${cid}`));
    real.set(claimed, cid);
    return { cid: claimed, bytes };
  };
  BlobStore.prototype.read = function (jobId, cid) {
    return read.call(this, jobId, real.get(cid) ?? cid);
  };
}
