import type { OutputCheck } from '@nunet/shared/job-file.ts';
import { NO_KEY_HASH } from '@nunet/shared/lock.ts';
import { outputRootOf, type Manifest } from '@nunet/shared/manifest.ts';
import * as samples from '@nunet/shared/samples.ts';
import { afterEach, describe, expect, test } from 'vitest';
import { unconfined } from '../executor/confinement.ts';
import { EmbeddedExecutor, systemClock } from '../executor/embedded.ts';
import { FakeExecutor } from '../executor/fake.ts';
import { diskOutputs } from './outputs.ts';
import { scoreFloor } from './score-floor.ts';

const { signal } = new AbortController();
const scoring: OutputCheck = {
  type: 'score',
  evaluation: { graph: 'model.onnx', feeds: {}, batchSize: null, metric: { name: 'accuracy', output: 'accuracy' } },
  files: {},
  atLeast: 0.9,
};
const executors: EmbeddedExecutor[] = [];
const belowFloor = (isDevnet: boolean): EmbeddedExecutor => {
  const executor = new EmbeddedExecutor({ clock: systemClock, allowBelowFloor: isDevnet, confinements: [unconfined] });
  executors.push(executor);
  return executor;
};
afterEach(async () => {
  for (const executor of executors.splice(0)) await executor.close();
});

describe('a check that scores, on a machine below the sandbox floor', () => {
  test('cannot begin: what to do is said before anything is locked', async () => {
    const asked = scoreFloor(scoring, belowFloor(false), signal);
    await expect(asked).rejects.toMatchObject({ code: 'sandbox-below-floor' });
    await expect(asked).rejects.toThrow(/Install bubblewrap.*Nothing was locked/);
  });

  test('is allowed on the devnet, with a notice', async () => {
    const notice = await scoreFloor(scoring, belowFloor(true), signal);
    expect(notice).toMatchObject({ code: 'sandbox-below-floor' });
    expect(notice?.message).toContain('below the floor');
  });

  test('needs nothing where the sandbox holds, or where the check runs nothing', async () => {
    const fake = new FakeExecutor({ clock: systemClock, script: () => ({ steps: [] }) });
    expect(await scoreFloor(scoring, fake, signal)).toBeNull();
    const never = { fingerprint: () => Promise.reject(new Error('no need to probe')) };
    expect(await scoreFloor({ type: 'none' }, never, signal)).toBeNull();
    expect(await scoreFloor({ type: 'equals', files: {} }, never, signal)).toBeNull();
  });

  test('cannot become a dispute: it fails as a check that could not be run', async () => {
    const executor = belowFloor(false);
    const outputs = diskOutputs({
      node: undefined as never,
      store: { pathOf: () => Promise.resolve('/nowhere') } as never,
      jobFolder: '/nowhere',
      outFolder: '/nowhere',
      check: scoring,
      jobFileFolder: '/nowhere',
      inputPath: () => '/nowhere',
      score: (request, within) => executor.score(request, within),
      onCheckpoint: () => undefined,
      onSaved: () => undefined,
    });
    const delivered = [{ name: 'model.onnx', cid: samples.sampleSpec.inputs[0]?.cid ?? '', bytes: 1 }];
    const manifest: Manifest = {
      ...samples.sampleManifest(samples.sampleRequest.jobId),
      outputs: delivered,
      delivery: { kind: 'open', root: outputRootOf(delivered), plaintextRoot: NO_KEY_HASH, keyHash: NO_KEY_HASH },
    };
    await expect(outputs.check(samples.sampleSpec, manifest, signal)).rejects.toMatchObject({ code: 'sandbox-below-floor' });
  });
});
