import { canJobGo } from '@nunet/shared/job-state.ts';
import { canLockGo } from '@nunet/shared/lock-state.ts';
import { describe, expect, test } from 'vitest';
import { en } from '../locales/en.ts';
import { es } from '../locales/es.ts';
import { sampleRecord, type SampleStage } from '../ui/sample-jobs.ts';
import { timelineOf } from './timeline.ts';

const START = 1_767_225_600_000;
const of = async (stage: SampleStage) => timelineOf(await sampleRecord(stage, START), en.jobs);
const lane = (timeline: Awaited<ReturnType<typeof of>>, name: string) => timeline.steps.filter((step) => step.lane === name);

describe('the timeline', () => {
  test('shows only states that were reached, in the order in which they were', async () => {
    const paid = await of('paid');
    expect(lane(paid, 'work').map((step) => step.state)).toEqual(['draft', 'quoted', 'locked', 'preparing', 'running', 'finished']);
    expect(lane(paid, 'money').map((step) => step.state)).toEqual(['building', 'submitted', 'locked', 'attested', 'withdrawn']);
    expect(paid.steps.map((step) => step.atMs)).toEqual(paid.steps.map((step) => step.atMs).sort((a, b) => a - b));
    expect(paid.next).toEqual({ work: [], money: [] });
    expect(paid.spans).toEqual({ work: { first: 0, last: 6 }, money: { first: 1, last: 8 } });
  });

  test('puts steps of one moment above each other and never two of a lane', async () => {
    for (const stage of ['paid', 'rolled-back', 'refused', 'missed'] as const) {
      const { steps, columns } = await of(stage);
      const places = steps.map((step) => `${step.lane} ${step.column}`);
      expect(new Set(places).size).toBe(places.length);
      expect(Math.max(...steps.map((step) => step.column))).toBe(columns - 1);
    }
    const { steps } = await of('submitted');
    const at = (state: string) => steps.find((step) => step.state === state)?.column;
    expect(at('quoted')).toBe(at('building'));
  });

  test('offers only states that the machines allow, the usual way first', async () => {
    const running = await of('running');
    expect(running.next.work[0]).toBe('finished');
    for (const to of running.next.work) expect(canJobGo('running', to)).toBe(true);
    for (const to of running.next.money) expect(canLockGo('locked', to)).toBe(true);
    expect(running.next.money).not.toContain('submitted');
  });

  test('marks a rollback where it happened and says that nothing is lost', async () => {
    const { steps, money } = await of('rolled-back');
    expect(steps.filter((step) => step.tone === 'back').map((step) => [step.state, step.detail])).toEqual([
      ['submitted', 'the chain rolled back'],
    ]);
    expect(money).toContain('4.25 NTX are in the escrow');
  });

  test('says of every end what became of the money', async () => {
    const said = await Promise.all(
      (['paid', 'disputed', 'missed', 'refused', 'dropped', 'shared', 'reclaimed'] as const).map(async (stage) => (await of(stage)).money),
    );
    expect(said).toEqual([
      '0.272 NTX were paid, 3.978 NTX came back.',
      'Refunded: all 4.25 NTX came back.',
      'Refunded: all 4.25 NTX came back.',
      'Refunded: all 4.25 NTX came back.',
      'Nothing was locked and nothing was paid.',
      'Shared by the oracles’ table: 2.125 NTX were paid, 2.125 NTX came back.',
      'Nobody signed in time, so you took back 4.25 NTX yourself.',
    ]);
  });

  test('tells the reason of a bad end in the words that were signed', async () => {
    expect((await of('paid')).work).toBe('Finished, and the result was acknowledged: accuracy 0.9689, want at least 0.93');
    expect((await of('refused')).work).toBe(
      'The compute provider refused: Cannot start: another job was given the memory while this lock was late.',
    );
    expect((await of('shared')).steps.find((step) => step.state === 'failed')?.tone).toBe('bad');
  });
});

test('a job that failed says why in the person’s own words, then in the agent’s; a code that is not known cannot borrow others', async () => {
  const failed = await sampleRecord('failed-code', START);
  expect(timelineOf(failed, es.jobs).work).toContain('el programa terminó con un error. Exit code 1.');
  expect(timelineOf(failed, en.jobs).work).toContain('Failed: the program ended with an error. Exit code 1.');
  const { manifest } = failed;
  if (manifest === undefined) throw new Error('no manifest');
  const exit = { kind: 'jobFault' as const, code: 'constructor', message: 'so it says' };
  const other = { ...failed, manifest: { ...manifest, body: { ...manifest.body, exit } } };
  expect(timelineOf(other, en.jobs).work).toContain('Failed: the job’s own fault');
});
