// OwnerBook: whose keys command this agent, on disk. A counter is written before its order is carried out, so that a copy of an order does
// nothing even after a crash in between.
import { randomBytes } from 'node:crypto';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import { hex32, peerIdText, timeMs } from '@nunet/shared/fields.ts';
import { z } from 'zod';

const VERSION = 1;
const MAX_OWNERS = 16;
/** Browsers of one owner that keep a connection slot; the latest. */
const MAX_PEERS = 4;

const owner = z.strictObject({
  publicKey: hex32,
  name: z.string().min(1).max(60),
  addedAtMs: timeMs,
  /** The highest counter that was carried out. Survives a revocation and a new pairing. */
  counter: z.int().min(0),
  revokedAtMs: timeMs.nullable(),
  /** Peers that it commanded from. */
  peers: z.array(peerIdText).max(MAX_PEERS),
});
export type Owner = Readonly<z.infer<typeof owner>>;
const ownersFile = z.strictObject({ version: z.literal(VERSION), owners: z.array(owner).max(MAX_OWNERS) });

export class OwnerBook {
  readonly #path: string;
  #owners: readonly Owner[];
  #writing: Promise<unknown> = Promise.resolve();
  readonly #listeners = new Set<() => void>();

  private constructor(path: string, owners: readonly Owner[]) {
    this.#path = path;
    this.#owners = owners;
  }

  /** Throws `owners-open`, `owners-invalid`, `owners-newer`. */
  static async open(path: string): Promise<OwnerBook> {
    const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return null;
      throw error;
    });
    if (text === null) return new OwnerBook(path, []);
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) throw new NunetError('owners-open', `Cannot use ${path}: others may read or change it; run chmod 600 on it`);
    return new OwnerBook(path, parseOwners(text, path));
  }

  /** Those that were revoked too. */
  get all(): readonly Owner[] {
    return this.#owners;
  }

  find(publicKey: string): Owner | undefined {
    return this.#owners.find((one) => one.publicKey === publicKey);
  }

  /** A peer from which an owner commands: its connection keeps a slot. */
  isOwnerPeer(peerId: string): boolean {
    return this.#owners.some(({ revokedAtMs, peers }) => revokedAtMs === null && peers.includes(peerId));
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Throws `owners-full`. */
  add({ publicKey, name, peerId, nowMs }: { publicKey: string; name: string; peerId: string; nowMs: number }): Promise<void> {
    return this.#write((owners) => {
      const earlier = owners.find((one) => one.publicKey === publicKey);
      let others = owners.filter((one) => one !== earlier);
      // What was revoked first makes room.
      if (others.length >= MAX_OWNERS) {
        const [oldest] = others.filter(isRevoked).toSorted((a, b) => (a.revokedAtMs ?? 0) - (b.revokedAtMs ?? 0));
        others = others.filter((one) => one !== oldest);
      }
      if (others.length >= MAX_OWNERS)
        throw new NunetError('owners-full', `Cannot add an owner: there are ${MAX_OWNERS}, revoke one first`);
      return [...others, { publicKey, name, addedAtMs: nowMs, counter: earlier?.counter ?? 0, revokedAtMs: null, peers: [peerId] }];
    });
  }

  /** Takes the counter of an order, once for ever. Throws `owner-unknown`, `owner-revoked`, `owner-replayed`. */
  spend(publicKey: string, counter: number, peerId: string): Promise<Owner> {
    return this.#write((owners) => {
      const known = demand(owners, publicKey);
      if (known.revokedAtMs !== null)
        throw new NunetError('owner-revoked', 'Cannot carry out the order: this owner key was revoked at the agent');
      if (counter <= known.counter) {
        throw new NunetError('owner-replayed', `Cannot carry out the order: its counter is ${counter}, want one above ${known.counter}`);
      }
      const peers = [peerId, ...known.peers.filter((peer) => peer !== peerId)].slice(0, MAX_PEERS);
      return owners.map((one) => (one === known ? { ...known, counter, peers } : one));
    }).then(() => demand(this.#owners, publicKey));
  }

  /** Throws `owner-unknown`. Revoking again changes nothing. */
  revoke(publicKey: string, nowMs: number): Promise<void> {
    return this.#write((owners) => {
      const known = demand(owners, publicKey);
      return owners.map((one) => (one === known ? { ...known, revokedAtMs: known.revokedAtMs ?? nowMs, peers: [] } : one));
    });
  }

  /** One after the other; in memory only what is on disk. */
  #write(change: (owners: readonly Owner[]) => readonly Owner[]): Promise<void> {
    const writing = this.#writing.then(async () => {
      const owners = change(this.#owners);
      await replaceFile(this.#path, `${JSON.stringify({ version: VERSION, owners }, null, 2)}\n`);
      this.#owners = owners;
      for (const listener of this.#listeners) listener();
    });
    this.#writing = writing.catch(() => undefined);
    return writing;
  }
}

const isRevoked = ({ revokedAtMs }: Owner): boolean => revokedAtMs !== null;

function demand(owners: readonly Owner[], publicKey: string): Owner {
  const known = owners.find((one) => one.publicKey === publicKey);
  if (known === undefined)
    throw new NunetError('owner-unknown', 'Cannot carry out the order: this key does not own the agent; pair it first');
  return known;
}

function parseOwners(text: string, path: string): readonly Owner[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new NunetError('owners-invalid', `Cannot read ${path}: not JSON; restore it, or remove it and pair again`, { cause });
  }
  const version = z.object({ version: z.int() }).safeParse(value);
  if (version.success && version.data.version > VERSION) {
    throw new NunetError('owners-newer', `Cannot read ${path}: it is version ${version.data.version}, this program knows ${VERSION}`);
  }
  const file = ownersFile.safeParse(value);
  if (file.success) return file.data.owners;
  const where = file.error.issues[0]?.path.map(String).join('.') ?? '';
  throw new NunetError('owners-invalid', `Cannot read ${path}: ${where} is not as it should be; restore it, or remove it and pair again`);
}

/** Whole or not at all, mode 0600, on disk when it resolves. */
export async function replaceFile(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    const folder = await open(dirname(path), 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
