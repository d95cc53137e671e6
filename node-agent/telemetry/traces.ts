// A job as a trace: one span for the job, one for each thing that it waits for, in the service provider's own trace where it gave one.
// Exported by OTLP over HTTP where the owner wants it. The queue is bounded, what does not fit is dropped, and no failure reaches a job.
// Attributes say kinds and outcomes: no job, no peer, no address, no words of anybody.
import type { Context, Span } from '@opentelemetry/api';
import { safeError } from '@nunet/shared/errors.ts';

/** What a job is at; each phase begins where the one before it ends. */
export type JobPhase =
  /** The lock is looked for, until it is deep enough. */
  | 'lock wait'
  | 'inputs'
  | 'downloads'
  | 'image'
  | 'dependencies'
  | 'prepare'
  | 'start'
  | 'run'
  | 'collect'
  /** The manifest is told until the lock is spent. */
  | 'report';

export interface JobTraces {
  /** A quote was given; its span is made once the job comes. POSIX ms. */
  quoted(jobId: string, fromMs: number, toMs: number): void;
  /** `traceparent`: W3C, of the service provider. */
  begin(jobId: string, facts: { kind: string; traceparent: string | undefined }): void;
  phase(jobId: string, phase: JobPhase): void;
  end(jobId: string, outcome: { state: string; code?: string }): void;
  /** What is in the queue is sent, within seconds. */
  close(): Promise<void>;
}

const MAX_OPEN = 1_000;
const MAX_QUEUE = 512;
const EXPORT_MS = 10_000;
const CLOSE_MS = 3_000;
const TRACES_PATH = '/v1/traces';

/** A collector is named by its origin, or by the whole path where it has another one. */
export function tracesUrlOf(url: string): string {
  const parsed = new URL(url);
  if (parsed.pathname === '/') parsed.pathname = TRACES_PATH;
  return parsed.href;
}

/** OpenTelemetry is loaded here and nowhere else: an agent without traces never has it in memory. `now`: POSIX ms. */
export async function openTraces(options: {
  url: string;
  version: string;
  now: () => number;
  /** For the owner's log, once a kind of failure. */
  log: (line: string) => void;
  exportEveryMs?: number;
}): Promise<JobTraces> {
  const { now, log } = options;
  const [
    { ROOT_CONTEXT, trace, SpanStatusCode, TraceFlags },
    { BatchSpanProcessor, TracerProvider },
    { OTLPTraceExporter },
    { resourceFromAttributes },
  ] = await Promise.all([
    import('@opentelemetry/api'),
    import('@opentelemetry/sdk-trace'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
  ]);
  const exporter = new OTLPTraceExporter({ url: tracesUrlOf(options.url), timeoutMillis: EXPORT_MS, concurrencyLimit: 2 });
  const provider = new TracerProvider({
    // No detectors: they would tell the host's name.
    resource: resourceFromAttributes({ 'service.name': 'nunet-agent', 'service.version': options.version }),
    spanLimits: { attributeCountLimit: 8, attributeValueLengthLimit: 80, eventCountLimit: 0, linkCountLimit: 0 },
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: MAX_QUEUE,
        maxExportBatchSize: 128,
        scheduledDelayMillis: options.exportEveryMs ?? 5_000,
        exportTimeoutMillis: EXPORT_MS,
      }),
    ],
  });
  const tracer = provider.getTracer('nunet-agent', options.version);
  const quotes = new Map<string, { fromMs: number; toMs: number }>();
  const open = new Map<string, { span: Span; context: Context; at: { phase: JobPhase; span: Span } | null }>();

  const parentOf = (traceparent: string | undefined): Context => {
    const [, traceId, spanId, flags] = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent ?? '') ?? [];
    if (traceId === undefined || spanId === undefined || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return ROOT_CONTEXT;
    const traceFlags = (Number.parseInt(flags ?? '0', 16) & 1) === 1 ? TraceFlags.SAMPLED : TraceFlags.NONE;
    return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
  };
  const told = new Set<string>();
  /** A fault of the tracing is the tracing's own. */
  const harmless = (act: () => void): void => {
    try {
      act();
    } catch (error) {
      const { code } = safeError(error);
      if (!told.has(code)) log(`Traces: ${String(error).slice(0, 200)}`);
      told.add(code);
    }
  };
  const remember = <T>(map: Map<string, T>, jobId: string, value: T, onDrop: (dropped: T) => void): void => {
    map.set(jobId, value);
    const [oldest] = map;
    if (map.size <= MAX_OPEN || oldest === undefined) return;
    map.delete(oldest[0]);
    onDrop(oldest[1]);
  };

  return {
    quoted: (jobId, fromMs, toMs) => remember(quotes, jobId, { fromMs, toMs }, () => undefined),
    begin: (jobId, { kind, traceparent }) =>
      harmless(() => {
        if (open.has(jobId)) return;
        const parent = parentOf(traceparent);
        const quote = quotes.get(jobId);
        quotes.delete(jobId);
        const span = tracer.startSpan('job', { startTime: quote?.fromMs ?? now(), attributes: { 'nunet.job.kind': kind } }, parent);
        const context = trace.setSpan(parent, span);
        if (quote !== undefined) tracer.startSpan('quote', { startTime: quote.fromMs }, context).end(quote.toMs);
        remember(open, jobId, { span, context, at: null }, (dropped) => dropped.span.end(now()));
      }),
    phase: (jobId, phase) =>
      harmless(() => {
        const job = open.get(jobId);
        if (job === undefined || job.at?.phase === phase) return;
        job.at?.span.end(now());
        job.at = { phase, span: tracer.startSpan(phase, { startTime: now() }, job.context) };
      }),
    end: (jobId, { state, code }) =>
      harmless(() => {
        const job = open.get(jobId);
        if (job === undefined) return;
        open.delete(jobId);
        job.at?.span.end(now());
        job.span.setAttribute('nunet.job.state', state);
        if (code !== undefined) job.span.setAttribute('nunet.job.code', code);
        if (state === 'failed') job.span.setStatus({ code: SpanStatusCode.ERROR });
        job.span.end(now());
      }),
    async close() {
      for (const { span, at } of open.values()) {
        at?.span.end(now());
        span.end(now());
      }
      open.clear();
      const late = new Promise<void>((resolve) => setTimeout(resolve, CLOSE_MS).unref());
      await Promise.race([provider.shutdown().catch(() => undefined), late]);
    },
  };
}
