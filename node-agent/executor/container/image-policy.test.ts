import { expect, test } from 'vitest';
import { imageNameOf, matchesPattern, patternProblem, registryProblem } from './image-policy.ts';

const DIGEST = `sha256:${'ab'.repeat(32)}`;
const rules = { registries: ['registry.example.org', '10.0.0.7:5000'], images: [] };

test('a reference is read as engines read it', () => {
  expect(imageNameOf(`registry.example.org/team/train:1.2@${DIGEST}`)).toEqual({
    registry: 'registry.example.org',
    repository: 'team/train',
    name: 'registry.example.org/team/train',
    digest: DIGEST,
  });
  expect(imageNameOf(`10.0.0.7:5000/train@${DIGEST}`)).toMatchObject({ registry: '10.0.0.7:5000', repository: 'train' });
  expect(imageNameOf(`localhost/train@${DIGEST}`).registry).toBe('localhost');
  expect(imageNameOf(`team/train@${DIGEST}`)).toMatchObject({ registry: null, name: 'team/train' });
});

test.each([
  'train:latest',
  `Train@${DIGEST}`,
  `../train@${DIGEST}`,
  `registry.example.org/../train@${DIGEST}`,
  `registry.example.org//train@${DIGEST}`,
  `registry.example.org:port/train@${DIGEST}`,
  `-registry.example.org/train@${DIGEST}`,
  `train@${DIGEST}@${DIGEST}`,
  `train@sha256:${'AB'.repeat(32)}`,
  `train@${DIGEST}\n`,
])('cannot name an image by %j', (reference) => {
  expect(() => imageNameOf(reference)).toThrow(expect.objectContaining({ code: 'image-reference' }));
});

test.each([
  ['registry.example.org/team/train', '*', true],
  ['registry.example.org/team/train', 'registry.example.org/*', true],
  ['registry.example.org/team/train', '*/train', true],
  ['registry.example.org/team/train', 'registry*team*train', true],
  ['registry.example.org/team/train', 'registry.example.org/team/train', true],
  ['registry.example.org/team/train', 'registry.example.org/team', false],
  ['registry.example.org/team/train', 'example.org/*', false],
  ['registry.example.org/team/train', '*/team', false],
  ['aa', 'a*a*a', false],
  ['registryXexample.org/train', 'registry.example.org/*', false],
])('%s against %s: %s', (name, pattern, matches) => {
  expect(matchesPattern(name, pattern)).toBe(matches);
});

test('a pattern of many stars is judged at once', () => {
  expect(matchesPattern('a'.repeat(300), `${'a*'.repeat(150)}b`)).toBe(false);
});

test('cannot pull from a registry that the owner has not listed, whatever it looks like', () => {
  for (const registry of [
    'other.example.org',
    '127.0.0.1:5000',
    'localhost:5000',
    '192.168.0.1',
    'registry.example.org:5000',
    '169.254.169.254',
    '10.0.0.7',
  ])
    expect(registryProblem(`${registry}/train@${DIGEST}`, rules)).toMatchObject({
      code: 'image-registry',
      message: expect.stringContaining('pulls from registry.example.org, 10.0.0.7:5000 only'),
    });
  expect(registryProblem(`registry.example.org/train@${DIGEST}`, rules)).toBeNull();
  expect(registryProblem(`10.0.0.7:5000/train@${DIGEST}`, rules)).toBeNull();
});

test('cannot pull anything while no registry is listed, nor an image that names none', () => {
  expect(registryProblem(`registry.example.org/train@${DIGEST}`, { registries: [], images: [] })?.message).toContain(
    'runs images only that are here',
  );
  expect(registryProblem(`train@${DIGEST}`, rules)?.message).toContain('names no registry');
});

test("cannot run an image outside the owner's patterns", () => {
  const limited = { ...rules, images: ['registry.example.org/team/*'] };
  expect(patternProblem(`registry.example.org/team/train@${DIGEST}`, limited)).toBeNull();
  expect(patternProblem(`registry.example.org/other/train@${DIGEST}`, limited)).toEqual({
    code: 'image-refused',
    message: "Image registry.example.org/other/train is not taken: this agent's owner takes registry.example.org/team/* only",
  });
});
