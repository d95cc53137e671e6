import { describe, expect, test } from 'vitest';
import { findNamed, jobFileCandidates, looksLikeJobFile } from './job-folder.ts';

const file = (path: string, size = 10) => ({ path, content: { size, path } });

describe('a dropped folder', () => {
  test('the job file is the one of that name, the least deep first', () => {
    const files = [file('a/b/job.json'), file('a/package.json'), file('a/job.json'), file('a/x.npy'), file('a/huge.json', 10 ** 8)];
    expect(jobFileCandidates(files).map(({ path }) => path)).toEqual(['a/job.json', 'a/b/job.json', 'a/package.json']);
  });

  test('a wrong job file is still one, other JSON is not', () => {
    expect(looksLikeJobFile('{"program": 1, "inputs": {}}')).toBe(true);
    for (const text of ['{"name": "x"}', '[]', 'null', '{', '"program"']) expect(looksLikeJobFile(text)).toBe(false);
  });

  test('files are found where the job file says they lie', () => {
    const files = [file('job/job.json'), file('job/data/x.npy', 7), file('job/other/x.npy'), file('shared.onnx', 5)];
    const named = findNamed('job/job.json', ['data/x.npy', './other/../data/x.npy', '../shared.onnx'], files);
    expect(named.found.map(({ content }) => content.path)).toEqual(['job/data/x.npy', 'job/data/x.npy', 'shared.onnx']);
    expect(named).toMatchObject({ missing: [], bytes: 19 });
  });

  test('files chosen one by one are found by their name', () => {
    expect(findNamed('job.json', ['data/x.npy'], [file('job.json'), file('x.npy')]).missing).toEqual([]);
  });

  test('what is missing is named, and two files of one name are not guessed between', () => {
    const files = [file('job.json'), file('a/x.npy'), file('b/x.npy')];
    expect(findNamed('job.json', ['c/x.npy', 'y.npy'], files).missing).toEqual(['c/x.npy', 'y.npy']);
  });

  test('cannot reach outside of what was dropped', () => {
    expect(findNamed('job.json', ['../../etc/passwd'], [file('job.json'), file('etc/shadow')]).missing).toEqual(['../../etc/passwd']);
  });
});
