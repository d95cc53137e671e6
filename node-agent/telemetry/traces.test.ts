// Spans as a collector gets them.
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { otlpReceiver, type OtlpSpan } from './otlp-receiver.ts';
import { openTraces, tracesUrlOf } from './traces.ts';

async function traced(answer?: 'takes' | 'hangs' | 'fails') {
  const { got, url } = await otlpReceiver(answer);
  const at = { now: 1_800_000_000_000 };
  const log: string[] = [];
  const traces = await openTraces({ url, version: '0', now: () => at.now, log: (line) => log.push(line), exportEveryMs: 20 });
  onTestFinished(() => traces.close());
  return { got, at, traces, log };
}
const TRACE = 'ab'.repeat(16);
const PARENT = 'cd'.repeat(8);
const PARENTED = `00-${TRACE}-${PARENT}-01`;

describe('a job as a trace', () => {
  test('goes on in the trace of the service provider, phase after phase', async () => {
    const { got, at, traces } = await traced();
    traces.quoted('job', at.now, at.now + 5);
    at.now += 1_000;
    traces.begin('job', { kind: 'onnx', traceparent: PARENTED });
    for (const phase of ['lock wait', 'inputs', 'prepare', 'start', 'run', 'collect', 'report'] as const) {
      traces.phase('job', phase);
      traces.phase('job', phase);
      at.now += 100;
    }
    traces.end('job', { state: 'failed', code: 'time-limit' });
    await vi.waitFor(() => expect(got.spans).toHaveLength(9), 10_000);
    const job = got.spans.find(({ name }) => name === 'job');
    expect(job).toMatchObject({ traceId: TRACE, parentSpanId: PARENT });
    const others = got.spans.filter(({ name }) => name !== 'job');
    expect(others.every(({ traceId, parentSpanId }) => traceId === TRACE && parentSpanId === job?.spanId)).toBe(true);
    const ms = (span: OtlpSpan): [string, number, number] => [
      span.name,
      Number(BigInt(span.startTimeUnixNano) / 1_000_000n) - 1_800_000_000_000,
      Number(BigInt(span.endTimeUnixNano) / 1_000_000n) - 1_800_000_000_000,
    ];
    expect(others.map(ms).toSorted((a, b) => a[1] - b[1])).toEqual([
      ['quote', 0, 5],
      ['lock wait', 1_000, 1_100],
      ['inputs', 1_100, 1_200],
      ['prepare', 1_200, 1_300],
      ['start', 1_300, 1_400],
      ['run', 1_400, 1_500],
      ['collect', 1_500, 1_600],
      ['report', 1_600, 1_700],
    ]);
    expect(job?.attributes.map(({ key, value }) => `${key}=${value.stringValue}`)).toEqual([
      'nunet.job.kind=onnx',
      'nunet.job.state=failed',
      'nunet.job.code=time-limit',
    ]);
    // Not the host, not the process, not the user.
    expect(new Set(got.resource)).toEqual(new Set(['service.name', 'service.version']));
    expect(got.paths[0]).toBe('/v1/traces');
  });

  test('has a trace of its own where the service provider gave none, or nonsense', async () => {
    const { got, traces } = await traced();
    for (const traceparent of [undefined, 'nonsense', `00-${'0'.repeat(32)}-${PARENT}-01`]) {
      traces.begin('job', { kind: 'onnx', traceparent });
      traces.end('job', { state: 'finished' });
    }
    await vi.waitFor(() => expect(got.spans).toHaveLength(3), 10_000);
    expect(new Set(got.spans.map(({ traceId }) => traceId)).size).toBe(3);
    expect(got.spans.every(({ parentSpanId }) => parentSpanId === undefined || parentSpanId === '')).toBe(true);
  });

  test('is not exported where the service provider did not sample it', async () => {
    const { got, traces } = await traced();
    traces.begin('unsampled', { kind: 'onnx', traceparent: `00-${TRACE}-${PARENT}-00` });
    traces.end('unsampled', { state: 'finished' });
    traces.begin('sampled', { kind: 'onnx', traceparent: PARENTED });
    traces.end('sampled', { state: 'finished' });
    await vi.waitFor(() => expect(got.spans).toHaveLength(1), 10_000);
  });

  test.each(['hangs', 'fails'] as const)('cannot be held up by a collector that %s', async (answer) => {
    const { got, traces, log } = await traced(answer);
    for (let index = 0; index < 3_000; index++) {
      traces.begin(`job-${index}`, { kind: 'onnx', traceparent: undefined });
      traces.phase(`job-${index}`, 'run');
      if (index % 2 === 0) traces.end(`job-${index}`, { state: 'finished' });
    }
    const before = performance.now();
    await traces.close();
    // Closing is bounded; what a collector does not take is gone.
    expect(performance.now() - before).toBeLessThan(8_000);
    expect([got.spans, log]).toEqual([[], []]);
  });

  test('a collector is named by its origin or by its whole path', () => {
    expect(tracesUrlOf('http://127.0.0.1:4318')).toBe('http://127.0.0.1:4318/v1/traces');
    expect(tracesUrlOf('https://collect.example/otlp/v1/traces')).toBe('https://collect.example/otlp/v1/traces');
  });
});
