import { describe, expect, it } from 'vitest';
import { DEFAULTS_OF_2 } from './config.ts';
import type { ExecutorFingerprint } from './executor/executor.ts';
import { ownerProblems, type Asked, type OwnerRules } from './owner-policy.ts';

const PEER = '12D3KooWGzh3Jd1yJ4Qq3pXx8a5n6w9sV2rT7uY1iO4pA6sD8fGh';
const OTHER = '12D3KooWOther';
const IMAGE = `registry.example/team/train:1@sha256:${'ab'.repeat(32)}`;
const HERE = `nunet/here@sha256:${'cd'.repeat(32)}`;

const fingerprint = (changes: Partial<ExecutorFingerprint> = {}): ExecutorFingerprint => ({
  sandbox: 'container',
  detail: 'runc, limits hold',
  checks: [],
  kinds: ['onnx', 'container'],
  version: '1',
  ...changes,
});
const graph = { cid: 'x' } as unknown as Extract<Asked['work'], { kind: 'onnx' }>['graph'];
const onnx: Asked['work'] = { kind: 'onnx', graph };
const image = (reference: string): Asked['work'] => ({
  kind: 'container',
  run: { type: 'image', image: reference },
  downloadHosts: [],
  downloadBytes: 0,
});
const script = (base: string, downloadHosts: string[] = []): Asked['work'] => ({
  kind: 'container',
  run: { type: 'script', base, dependencies: [] },
  downloadHosts,
  downloadBytes: 0,
});

const rules = (policy: Partial<OwnerRules['policy']> = {}, hours: OwnerRules['hours'] = null): OwnerRules => ({
  policy: { ...DEFAULTS_OF_2.policy, ...policy },
  hours,
});
const asked = (changes: Partial<Asked> = {}): Asked => ({
  work: onnx,
  serviceProvider: PEER,
  isOwn: false,
  fingerprint: fingerprint(),
  hasImage: (reference) => reference === HERE,
  localMinute: 12 * 60,
  ...changes,
});

const below = fingerprint({ kinds: [], ownKinds: ['onnx'], detail: 'no user namespaces' });
const night = { from: '22:00', to: '06:00' };

describe("the owner's rules", () => {
  it.each<[string, OwnerRules, Partial<Asked>, string | null, string?]>([
    ['data-only jobs by default', rules(), {}, null],
    ['scripts in the usual base images by default', rules(), { work: script('pytorch') }, null],
    ['a kind that is not wanted', rules({ kinds: ['onnx'] }), { work: script('pytorch') }, 'policy-kind', 'takes jobs of kind onnx only'],
    ['no kind at all', rules({ kinds: [] }), {}, 'policy-kind', 'kind none only'],
    [
      'a kind that nothing here runs',
      rules(),
      { fingerprint: fingerprint({ kinds: ['onnx'] }), work: script('pytorch') },
      'kind-not-offered',
      'runc',
    ],
    ['another base image', rules(), { work: script('tensorflow') }, 'policy-base-image', 'onnx, scikit-learn, pytorch only'],
    ['an image of a registry that is allowed', rules({ registries: ['registry.example'] }), { work: image(IMAGE) }, null],
    [
      'an image of another registry',
      rules({ registries: ['other.example'] }),
      { work: image(IMAGE) },
      'image-registry',
      'other.example only',
    ],
    ['an image when no registry is allowed', rules(), { work: image(IMAGE) }, 'image-registry', 'here already'],
    ['an image that is here already', rules(), { work: image(HERE) }, null],
    ['an image that is here and not wanted', rules({ images: ['team/*'] }), { work: image(HERE) }, 'image-refused', 'team/* only'],
    [
      'an image by its pattern',
      rules({ registries: ['registry.example'], images: ['registry.example/team/*'] }),
      { work: image(IMAGE) },
      null,
    ],
    ['a name that is no image', rules(), { work: image(`Bad@sha256:${'ab'.repeat(32)}`) }, 'image-reference'],
    [
      'a host that files may come from',
      rules({ downloadHosts: ['*.example.org'] }),
      { work: script('pytorch', ['data.example.org']) },
      null,
    ],
    [
      'another host',
      rules({ downloadHosts: ['*.example.org'] }),
      { work: script('pytorch', ['example.com']) },
      'policy-download-host',
      'example.com',
    ],
    [
      'a host that only ends alike',
      rules({ downloadHosts: ['example.org'] }),
      { work: script('pytorch', ['notexample.org']) },
      'policy-download-host',
    ],
    [
      'any host when none is allowed',
      rules({ downloadHosts: [] }),
      { work: script('pytorch', ['example.org']) },
      'policy-download-host',
      'none only',
    ],
    ['a service provider on the list', rules({ allowServiceProviders: [PEER] }), {}, null],
    ['one who is not on the list', rules({ allowServiceProviders: [OTHER] }), {}, 'policy-service-provider', 'not on it'],
    ['one who is shut out', rules({ denyServiceProviders: [PEER] }), {}, 'policy-service-provider', 'no jobs of this'],
    ['one who is on both lists', rules({ allowServiceProviders: [PEER], denyServiceProviders: [PEER] }), {}, 'policy-service-provider'],
    ['the owner, list or not', rules({ allowServiceProviders: [OTHER] }), { isOwn: true }, null],
    ['at noon when only the night is lent', rules({}, night), {}, 'policy-hours', '22:00 to 06:00'],
    ['at night', rules({}, night), { localMinute: 30 }, null],
    ['the owner at noon', rules({}, night), { isOwn: true }, null],
    ['strangers below the sandbox floor', rules(), { fingerprint: below }, 'sandbox-below-floor', "agent's owner only: no user namespaces"],
    ['the owner below the sandbox floor', rules(), { fingerprint: below, isOwn: true }, null],
  ])('%s', (_name, ownerRules, changes, code, says = '') => {
    const problems = ownerProblems(ownerRules, asked(changes));
    expect(problems.map((problem) => problem.code)).toEqual(code === null ? [] : [code]);
    if (code !== null) expect(problems[0]?.message).toContain(says);
  });

  it('names every rule that stands in the way, each within the length that a refusal may have', () => {
    const many = Array.from({ length: 64 }, (_, index) => `registry-with-a-long-name-${index}.example`.padEnd(200, 'x'));
    const problems = ownerProblems(
      rules({ registries: many, downloadHosts: many, denyServiceProviders: [PEER] }, night),
      asked({ work: { ...image(IMAGE), downloadHosts: ['x'.repeat(255)] } as Asked['work'] }),
    );
    expect(problems.map(({ code }) => code)).toEqual(['policy-service-provider', 'policy-hours', 'image-registry', 'policy-download-host']);
    for (const { message } of problems) expect(message.length).toBeLessThanOrEqual(500);
  });
});
