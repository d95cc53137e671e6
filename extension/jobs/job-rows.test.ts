import { expect, test } from 'vitest';
import { en } from '../locales/en.ts';
import { sampleSnapshot } from '../ui/sample-jobs.ts';
import { jobRows } from './job-rows.ts';

const START = 1_767_225_600_000;

test('jobs are listed newest first, with what became of their money', async () => {
  const stages = ['draft', 'running', 'delivered', 'paid', 'disputed', 'dropped'] as const;
  const jobs = await Promise.all(stages.map(async (stage, i) => (await sampleSnapshot(stage, START + i * 1000, stage)).summary));
  expect(jobRows(jobs, en.jobs).map(({ title, work, money, amount, remark }) => [title, work, money, amount, remark])).toEqual([
    ['dropped', 'Expired', 'Dropped', 'nothing locked', 'Nothing paid'],
    ['disputed', 'Finished', 'Refunded', '0 NTX paid', 'Nothing paid'],
    ['paid', 'Finished', 'Withdrawn', '0.272 NTX paid', 'Done'],
    ['delivered', 'Finished', 'Locked', '4.25 NTX at most', 'Waits for your answer'],
    ['running', 'Running', 'Locked', '4.25 NTX at most', 'In progress'],
    ['draft', 'Draft', 'None', 'nothing locked', 'Not started'],
  ]);
});

test('a job whose key went with the browser says so until it has ended', async () => {
  const { summary } = await sampleSnapshot('running', START);
  expect(jobRows([{ ...summary, key: 'lost' }], en.jobs)[0]?.remark).toBe('Its key is gone');
});
