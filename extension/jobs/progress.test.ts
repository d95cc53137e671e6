import { expect, test } from 'vitest';
import { en } from '../locales/en.ts';
import { sampleSnapshot } from '../ui/sample-jobs.ts';
import { progressOf } from './progress.ts';

const words = en.jobs.progress;
const START = 1_767_225_600_000;
const running = await sampleSnapshot('running', START);
const preparing = await sampleSnapshot('preparing', START);

test('progress says the phase, how far, and the epoch', () => {
  expect(progressOf(preparing.record, preparing.live, words)?.says).toBe('Inputs: 4.72 MB of 7.47 MB');
  expect(progressOf(running.record, running.live, words)).toMatchObject({ phase: 'steps', says: 'Step 1,562 of 2,820, epoch 12 of 20' });
});

test('cannot be more than full, whatever an agent tells', () => {
  const progress = { phase: 'steps' as const, done: 10 ** 12, total: 10, epoch: 10 ** 9 };
  expect(progressOf(running.record, { ...running.live, progress }, words)).toMatchObject({
    share: 1,
    says: 'Step 10 of 10, epoch 20 of 20',
  });
  expect(progressOf(running.record, { ...running.live, progress: { ...progress, total: 0 } }, words)?.share).toBe(0);
});

test('an ended job shows no bar, whatever was told last', async () => {
  const paid = await sampleSnapshot('paid', START);
  expect(progressOf(paid.record, { ...paid.live, progress: { phase: 'steps', done: 1, total: 2, epoch: 1 } }, words)).toBeNull();
});

test('a job that is paid by vouchers says what is due, or that it waits for the next one', () => {
  const due = { payBaseUnits: 2_500_000n, signedBaseUnits: 2_000_000n, paused: false };
  expect(progressOf(running.record, { ...running.live, due }, words)?.says).toContain('2 NTX signed of 2.5 NTX due');
  expect(progressOf(running.record, { ...running.live, due: { ...due, paused: true } }, words)?.says).toContain(
    'paused: waits for the next voucher',
  );
});

test('code that knows no last epoch has its epoch told, without a share', async () => {
  const code = await sampleSnapshot('running-code', START);
  expect(progressOf(code.record, code.live, words)).toEqual({ phase: 'steps', share: 0, hasEnd: false, says: 'Epoch 7' });
});

test('what comes before billed time is told in its own unit', async () => {
  const preparing = { ...(await sampleSnapshot('running-code', START)) };
  const at = (phase: 'image' | 'downloads' | 'dependencies') =>
    progressOf(preparing.record, { ...preparing.live, progress: { phase, done: 3, total: 12, epoch: 0 } }, words)?.says;
  expect([at('image'), at('downloads'), at('dependencies')]).toEqual([
    'Image: 3 B of 12 B',
    'Files from the web: 3 B of 12 B',
    'Packages: 3 of 12',
  ]);
});
