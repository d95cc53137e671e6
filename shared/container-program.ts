// ContainerProgram: code of the service provider, run in a container without network: an image and a command, or a script in a base image.
import { z } from 'zod';
import { byteCount, durationMs, fileName, hex32 } from './fields.ts';

/** Of a spec; a quote request carries the same bound. */
export const MAX_DEPENDENCIES = 64;
export const MAX_DOWNLOADS = 16;

/** An image by its digest: a tag may mean another image tomorrow. */
export const imageReference = z
  .string()
  .regex(/^[a-z0-9][a-z0-9./:_-]{0,199}@sha256:[0-9a-f]{64}$/, 'must be an image reference with a sha256 digest');

/** Base images that agents build from recipes (node-agent/images/); what is inside depends on the day of the Debian mirror. */
export const baseImage = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/, 'must be the name of a base image such as "pytorch"');

/** One exact version, so that the same list means the same packages everywhere. Wheels only: building one would run code with a network. */
export const dependency = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}==[A-Za-z0-9][A-Za-z0-9.!+_-]{0,59}$/, 'must name one exact version, such as "numpy==1.24.2"');

/** Arguments are bytes on the other side: no NUL. */
const argument = z
  .string()
  .max(4096)
  .refine((text) => !text.includes('\0'), 'must not hold NUL');

/** Names that would load code into every program, or reach for a device. */
const RESERVED = /^(LD_|NVIDIA_|CUDA_VISIBLE_DEVICES$|ROCR_VISIBLE_DEVICES$|HIP_VISIBLE_DEVICES$|PATH$|HOME$|TMPDIR$|NUNET_)/;
const environment = z
  .record(
    z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]{0,99}$/)
      .refine((name) => !RESERVED.test(name), 'is set by the agent alone'),
    argument,
  )
  .refine((all) => Object.keys(all).length <= 64, 'at most 64 variables');

/** Null: no host that a quote request could name. */
function hostOf(url: string): string | null {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  return host.length > 0 && host.length <= 255 ? host : null;
}

/** A file that the agent fetches from the web by itself, before billed time, and never the job. */
export const download = z.strictObject({
  name: fileName,
  url: z
    .string()
    .max(2_000)
    .regex(/^https:\/\/[^\s/@:]+(:443)?\/\S*$/, 'must be an https URL on port 443, without a user name')
    .refine((url) => hostOf(url) !== null, 'must name a host of at most 255 characters'),
  /** Of the whole file; another content is refused. */
  sha256: hex32,
  bytes: byteCount,
});
export type Download = z.infer<typeof download>;

/** `command` replaces the image's own; empty keeps it. */
const imageRun = z.strictObject({ type: z.literal('image'), image: imageReference, command: z.array(argument).max(64) });
/** `script`: an input or download that Python runs from `/inputs`, in `/workspace`. */
const scriptRun = z.strictObject({
  type: z.literal('script'),
  base: baseImage,
  script: fileName,
  arguments: z.array(argument).max(64),
  dependencies: z.array(dependency).max(MAX_DEPENDENCIES),
});
const fields = {
  kind: z.literal('container'),
  run: z.discriminatedUnion('type', [imageRun, scriptRun]),
  environment,
  downloads: z.array(download).max(MAX_DOWNLOADS),
  /** Every so often `/workspace` is kept as a checkpoint; null: never. */
  checkpointEveryMs: durationMs.min(1_000).nullable(),
  /** An input that holds an earlier checkpoint: it is unpacked into `/workspace` before the job starts. */
  resumeFrom: fileName.nullable(),
};
const distinctDownloads = [
  ({ downloads }: { downloads: readonly { name: string }[] }): boolean =>
    new Set(downloads.map(({ name }) => name)).size === downloads.length,
  'names of downloads must be distinct',
] as const;

export const containerProgram = z.strictObject(fields).refine(...distinctDownloads);
export type ContainerProgram = z.infer<typeof containerProgram>;

/** The same as people write it: what is not named is empty, or never. */
export const writtenContainerProgram = z
  .strictObject({
    ...fields,
    run: z.discriminatedUnion('type', [
      imageRun.extend({ command: imageRun.shape.command.default([]) }),
      scriptRun.extend({
        arguments: scriptRun.shape.arguments.default([]),
        dependencies: scriptRun.shape.dependencies.default([]),
      }),
    ]),
    environment: environment.default({}),
    downloads: fields.downloads.default([]),
    checkpointEveryMs: fields.checkpointEveryMs.default(null),
    resumeFrom: fields.resumeFrom.default(null),
  })
  .refine(...distinctDownloads);

/** What an agent learns of a container job before it quotes: enough for its policy, its price and its estimate of the start. */
export const containerWork = z.strictObject({
  kind: z.literal('container'),
  run: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('image'), image: imageReference }),
    z.strictObject({ type: z.literal('script'), base: baseImage, dependencies: z.array(dependency).max(MAX_DEPENDENCIES) }),
  ]),
  /** Host names that the agent would fetch from, and how much. */
  downloadHosts: z.array(z.string().min(1).max(255)).max(MAX_DOWNLOADS),
  downloadBytes: byteCount,
});
export type ContainerWork = z.infer<typeof containerWork>;

export function containerWorkOf(program: ContainerProgram): ContainerWork {
  const { run, downloads } = program;
  return {
    kind: 'container',
    run: run.type === 'image' ? { type: 'image', image: run.image } : { type: 'script', base: run.base, dependencies: run.dependencies },
    downloadHosts: [...new Set(downloads.map(({ url }) => new URL(url).hostname))],
    downloadBytes: downloads.reduce((sum, { bytes }) => sum + bytes, 0),
  };
}
