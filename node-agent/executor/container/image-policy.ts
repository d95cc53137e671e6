// Which images may be pulled: pure rules over an image reference. What is on the machine already needs no registry.
import type { Reason } from '@nunet/shared/quote.ts';
import { NunetError } from '@nunet/shared/errors.ts';

/** As the owner's policy has them. */
export interface ImageRules {
  /** Hosts with an optional port, compared letter by letter: a loopback or private one is reached only when it is written here. */
  readonly registries: readonly string[];
  /** Names without digest; `*` stands for anything. Empty: any. */
  readonly images: readonly string[];
}

/** An image reference in its parts. */
export interface ImageName {
  /** null: the reference names none, and so can only mean an image that is on the machine. */
  readonly registry: string | null;
  readonly repository: string;
  /** Registry and repository, without tag and digest. */
  readonly name: string;
  /** `sha256:...` */
  readonly digest: string;
}

const PARTS = /^([a-z0-9][a-z0-9./:_-]{0,199})@(sha256:[0-9a-f]{64})$/;
/** Grammar of the distribution specification: lower-case parts, joined by slashes. */
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const REGISTRY = /^(?:localhost|[a-z0-9]+(?:[.-]+[a-z0-9]+)*)(?::\d{1,5})?$/;

/** Throws `image-reference`. A tag beside the digest means nothing and is dropped. */
export function imageNameOf(reference: string): ImageName {
  const wanted = new NunetError(
    'image-reference',
    `Cannot use image ${reference.slice(0, 280)}: want [REGISTRY/]NAME@sha256:DIGEST with lower-case names`,
  );
  const [, path, digest] = PARTS.exec(reference) ?? [];
  if (path === undefined || digest === undefined) throw wanted;
  const slash = path.lastIndexOf('/');
  const colon = path.indexOf(':', slash + 1);
  const name = colon === -1 ? path : path.slice(0, colon);
  const [first = '', ...rest] = name.split('/');
  // As every engine reads it: a first part with a dot, a port or "localhost" is a registry.
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === 'localhost');
  const registry = hasRegistry ? first : null;
  const repository = hasRegistry ? rest.join('/') : name;
  if ((registry !== null && !REGISTRY.test(registry)) || !REPOSITORY.test(repository)) throw wanted;
  return { registry, repository, name, digest };
}

/** `*` stands for anything, slashes too. Linear in the text for each star. */
export function matchesPattern(text: string, pattern: string): boolean {
  const parts = pattern.split('*');
  const [first = ''] = parts;
  if (parts.length === 1) return text === pattern;
  const last = parts.at(-1) ?? '';
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let at = first.length;
  const end = text.length - last.length;
  for (const part of parts.slice(1, -1)) {
    const found = text.indexOf(part, at);
    if (found === -1 || found + part.length > end) return false;
    at = found + part.length;
  }
  return true;
}

/** Why the owner's policy keeps this image from running, whether it is here or not; null: it may run. Throws `image-reference`. */
export function patternProblem(reference: string, rules: ImageRules): Reason | null {
  const { name } = imageNameOf(reference);
  if (rules.images.length === 0 || rules.images.some((pattern) => matchesPattern(name, pattern))) return null;
  return { code: 'image-refused', message: `Image ${name} is not taken: this agent's owner takes ${someOf(rules.images)} only` };
}

/** Why an image that is not here may not be pulled; null: it may. Throws `image-reference`. */
export function registryProblem(reference: string, rules: ImageRules): Reason | null {
  const { name, registry } = imageNameOf(reference);
  if (registry === null)
    return {
      code: 'image-registry',
      message: `Image ${name} is not here and names no registry to be pulled from: want REGISTRY/${name}@sha256:...`,
    };
  if (rules.registries.includes(registry)) return null;
  const allowed = rules.registries.length === 0 ? 'runs images only that are here already' : `pulls from ${someOf(rules.registries)} only`;
  return {
    code: 'image-registry',
    message: `Image ${name} is not here and may not be pulled from ${registry}: this agent's owner ${allowed}`,
  };
}

const someOf = (list: readonly string[]): string => `${list.slice(0, 5).join(', ')}${list.length > 5 ? ', ...' : ''}`;
