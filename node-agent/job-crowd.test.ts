// Many jobs at once for one agent: what it accepted ends, nothing starts twice, and nobody gets what another holds.
import { expect, it } from 'vitest';
import { offerAtOnce } from './job-crowd.ts';

it(
  'takes of 50 jobs that are offered at once as many as it has room for: those all end, none starts twice',
  { timeout: 300_000 },
  async () => {
    const { jobs, starts, capacity } = await offerAtOnce({ count: 50, peers: 13, cpus: 20 });
    const accepted = jobs.filter(({ refused }) => refused.length === 0);
    const refused = jobs.filter((job) => !accepted.includes(job));
    // An agent that is done early takes more than it has room for at a time.
    expect(accepted.length).toBeGreaterThanOrEqual(20);
    for (const { states } of accepted) expect(states).toEqual(['quoted', 'locked', 'preparing', 'running', 'finished']);
    for (const job of refused) expect(job.refused.filter((code) => !['capacity-busy', 'too-many-quotes'].includes(code))).toEqual([]);
    expect([...starts.keys()].sort()).toEqual(accepted.map(({ jobId }) => jobId).sort());
    expect(new Set(starts.values())).toEqual(new Set([1]));
    // Only the disk of results that may still be disputed is held.
    expect(capacity.free).toMatchObject({ cpus: 20, memoryBytes: capacity.total.memoryBytes });
  },
);
