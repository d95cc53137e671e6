// The agent's own image: nothing but the keeper and the probe, a few kilobytes, made in the engine when it is not there yet.
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import type Docker from 'dockerode';
import { pack } from 'tar-stream';
import { statusOf, translated } from './engine-errors.ts';
import { programOf } from './programs.ts';

const REPOSITORY = 'nunet-own';

/** Its id. */
export async function ownImage(docker: Docker): Promise<string> {
  const programs = { keeper: programOf('keeper', process.arch), probe: programOf('probe', process.arch) };
  // By the name, because Podman takes no tag for an import.
  const name = createHash('sha256').update(programs.keeper).update(programs.probe).digest('hex').slice(0, 16);
  const image = docker.getImage(`${REPOSITORY}/${name}:latest`);
  try {
    return (await image.inspect()).Id;
  } catch (error) {
    if (statusOf(error) !== 404) translated('engine-image', 'look for the own image')(error);
  }
  const archive = pack();
  for (const [path, bytes] of Object.entries(programs)) archive.entry({ name: path, mode: 0o755, mtime: new Date(0) }, bytes);
  archive.finalize();
  const progress = await docker
    .importImage(Readable.from([await buffer(archive)]), { repo: `${REPOSITORY}/${name}`, tag: 'latest' })
    .catch(translated('engine-image', 'make the own image'));
  await buffer(progress);
  return (await image.inspect()).Id;
}
