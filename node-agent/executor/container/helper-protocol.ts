// What the agent's process and the engine helper say to each other: typed jobs, never options of a container. Closed unions both ways, parsed on both sides.
import { z } from 'zod';
import { baseImage, dependency, imageReference, MAX_DEPENDENCIES } from '@nunet/shared/container-program.ts';
import { byteCount, durationMs, fileName, hex16 } from '@nunet/shared/fields.ts';
import { exit, usage } from '@nunet/shared/manifest.ts';
import { resources, sandboxLevel } from '@nunet/shared/job-spec.ts';

const path = z.string().min(1).max(4096).startsWith('/');
const text = z.string().max(4096);

/** A device of this execution alone. */
export const jobGpu = z.discriminatedUnion('vendor', [
  /** UUID of a GPU or of a MIG slice. */
  z.strictObject({ vendor: z.literal('nvidia'), id: z.string().regex(/^[A-Za-z0-9-]{1,100}$/) }),
  z.strictObject({ vendor: z.literal('amd'), device: z.string().regex(/^\/dev\/dri\/renderD\d{1,4}$/) }),
]);

/** What of a spec a container is made of, with the places of its files. */
export const containerJob = z.strictObject({
  v: z.literal(1),
  /** Of the handle. */
  id: hex16,
  jobId: z.string().min(1).max(120),
  workDir: path,
  run: z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('image'), image: imageReference, command: z.array(text).max(64) }),
    z.strictObject({
      type: z.literal('script'),
      base: baseImage,
      script: fileName,
      arguments: z.array(text).max(64),
      dependencies: z.array(dependency).max(MAX_DEPENDENCIES),
    }),
  ]),
  environment: z.record(z.string().max(100), text),
  resources,
  timeLimitMs: durationMs,
  outputLimitBytes: byteCount,
  checkpointEveryMs: durationMs.nullable(),
  /** A file of `inputs`. */
  resumeFrom: fileName.nullable(),
  inputs: z.array(z.strictObject({ name: fileName, path })).max(128),
  gpus: z.array(jobGpu).max(64),
});
export type ContainerJob = Readonly<z.infer<typeof containerJob>>;

/** Said once, first: what the owner configured. */
export const helperSettings = z.strictObject({
  /** Peer id, on everything that is made in the engine. */
  agent: z.string().min(1).max(120),
  engine: z.enum(['auto', 'docker', 'podman']),
  socket: path.nullable(),
  runtime: z.enum(['auto', 'runc', 'runsc']),
  packageIndex: z.string().max(2_000).nullable(),
  registries: z.array(z.string().max(255)).max(64),
  images: z.array(z.string().max(300)).max(256),
  /** Hosts beside the index that packages may come from. */
  downloadHosts: z.array(z.string().max(255)).max(256),
  /** Folder of small files of this executor, mode 0700. */
  stateDir: path,
  /** Folder above all work folders. */
  workRoot: path,
  imageBudgetBytes: byteCount,
  maxImageBytes: byteCount,
  /** `auto` tries whether mounting is allowed here; `mount` was proven by an earlier helper. */
  disk: z.enum(['auto', 'mount', 'memory']),
  /** How long an engine may be away before its jobs are given up; left out: two minutes, an upgrade of the engine. */
  engineBackMs: z.int().min(1_000).max(600_000).exactOptional(),
});
export type HelperSettings = z.infer<typeof helperSettings>;

const place = z.strictObject({ id: hex16, workDir: path });
export type Place = z.infer<typeof place>;

export const ask = z.discriminatedUnion('ask', [
  z.strictObject({ ask: z.literal('open'), settings: helperSettings }),
  /** Runs the probe. */
  z.strictObject({ ask: z.literal('fingerprint') }),
  z.strictObject({ ask: z.literal('prepare'), run: containerJob.shape.run }),
  /** A job is about to come: its image is fetched, a disk of its size made. */
  z.strictObject({ ask: z.literal('anticipate'), run: containerJob.shape.run, diskBytes: byteCount }),
  /** Makes everything; nothing of the job runs. */
  z.strictObject({ ask: z.literal('create'), job: containerJob }),
  z.strictObject({ ask: z.literal('begin'), place }),
  /** Follows an execution that another helper began; `heard` log lines are not told again. */
  z.strictObject({ ask: z.literal('attach'), place, heard: z.int().min(0) }),
  z.strictObject({ ask: z.literal('recover'), place }),
  z.strictObject({ ask: z.literal('stop'), place, by: z.enum(['asked', 'agent']), message: z.string().max(500) }),
  z.strictObject({ ask: z.literal('pause'), place }),
  z.strictObject({ ask: z.literal('resume'), place }),
  z.strictObject({ ask: z.literal('remove'), place }),
  z.strictObject({ ask: z.literal('sweep'), places: z.array(place).max(10_000) }),
]);
export type Ask = z.infer<typeof ask>;

export const toHelper = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('ask'), seq: z.int().min(1), body: ask }),
  /** Gives an ask up. */
  z.strictObject({ type: z.literal('abort'), seq: z.int().min(1) }),
]);
export type ToHelper = z.infer<typeof toHelper>;

const metrics = z.record(z.string().max(60), z.number());
const executionEvent = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('started'), atMs: z.number() }),
  z.strictObject({
    type: z.literal('progress'),
    epoch: z.number(),
    epochs: z.number(),
    step: z.number(),
    steps: z.number(),
    metrics,
  }),
  z.strictObject({ type: z.literal('log'), line: z.string().max(1_000) }),
  z.strictObject({ type: z.literal('checkpoint'), number: z.int().min(1), path, bytes: byteCount }),
]);

export const containerResult = z.strictObject({
  exit,
  billedMs: durationMs,
  usage,
  imageId: z.string().max(100),
  outputs: z.array(z.strictObject({ name: fileName, path, bytes: byteCount })).max(64),
  metrics: z.array(z.strictObject({ name: z.string().max(60), value: z.number() })).max(32),
});
export type ContainerResult = z.infer<typeof containerResult>;

export const sandboxCheck = z.strictObject({ name: z.string().max(60), passed: z.boolean(), detail: z.string().max(500) });

export const fingerprintAnswer = z.strictObject({
  sandbox: sandboxLevel,
  detail: z.string().max(1_000),
  checks: z.array(sandboxCheck).max(100),
  takes: z.boolean(),
  version: z.string().max(300),
  diskIsMemory: z.boolean(),
  /** The one that passed, for helpers to come. */
  runtime: z.string().max(100),
});

/** What is here of images (image-listing.ts). */
const imageListing = z.strictObject({
  references: z.array(z.string().max(500)).max(10_000),
  bases: z.record(z.string().max(100), z.string().max(100)),
  dependencies: z.array(z.string().max(100)).max(10_000),
  pullBytesPerMs: z.number().nullable(),
  packagesMs: z.number().nullable(),
});

export const answer = z.discriminatedUnion('answer', [
  z.strictObject({ answer: z.literal('done') }),
  z.strictObject({ answer: z.literal('fingerprint'), fingerprint: fingerprintAnswer }),
  z.strictObject({ answer: z.literal('recovered'), state: z.enum(['running', 'gone']) }),
]);
export type Answer = z.infer<typeof answer>;

export const fromHelper = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('answer'), seq: z.int(), body: answer }),
  z.strictObject({ type: z.literal('refused'), seq: z.int(), code: z.string().max(60), message: z.string().max(2_000) }),
  z.strictObject({
    type: z.literal('preparing'),
    seq: z.int(),
    phase: z.enum(['image', 'dependencies']),
    done: z.number().min(0),
    total: z.number().min(0),
  }),
  z.strictObject({ type: z.literal('event'), id: hex16, event: executionEvent }),
  /** Billed so far, and whether more is being billed from now on. */
  z.strictObject({ type: z.literal('billing'), id: hex16, billedMs: z.number().min(0), running: z.boolean() }),
  z.strictObject({ type: z.literal('ended'), id: hex16, result: containerResult }),
  z.strictObject({ type: z.literal('images'), listing: imageListing }),
]);
export type FromHelper = z.infer<typeof fromHelper>;
