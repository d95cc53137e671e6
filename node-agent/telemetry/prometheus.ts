// Figures for the owner's own Prometheus: off unless the owner wants it, then on loopback alone. A web page that the owner opens could
// reach loopback too, through a name of its own that resolves there: only the exact Host is answered, only GET, and nothing is shared
// with other origins. No label names a job, a peer or an address.
import { createServer, type Server } from 'node:http';
import type { Registry } from 'prom-client';
import { NunetError } from '@nunet/shared/errors.ts';
import type { UsageFigures } from './usage-figures.ts';

const LOOPBACK = '127.0.0.1';
const MAX_CONNECTIONS = 8;
const TIMEOUT_MS = 5_000;

/** `port` 0: a free one, for tests. Throws `prometheus-failed`. */
export async function servePrometheus(options: {
  port: number;
  figures: () => Promise<UsageFigures>;
}): Promise<{ port: number; close(): Promise<void> }> {
  const metrics = await loadMetrics();
  let bound = options.port;
  const server: Server = createServer(
    { headersTimeout: TIMEOUT_MS, requestTimeout: TIMEOUT_MS, maxHeaderSize: 4096 },
    (request, response) => {
      const end = (status: number, headers: Record<string, string> = {}, body = ''): void => {
        response.writeHead(status, {
          'content-type': 'text/plain; charset=utf-8',
          'x-content-type-options': 'nosniff',
          'cache-control': 'no-store',
          ...headers,
        });
        response.end(body);
      };
      const { host } = request.headers;
      if (host !== `${LOOPBACK}:${bound}` && host !== `localhost:${bound}`) return end(421);
      if (request.method !== 'GET') return end(405, { allow: 'GET' });
      if (request.url !== '/metrics') return end(404);
      options.figures().then(
        async (figures) => end(200, { 'content-type': metrics.contentType }, await metrics.text(figures)),
        () => end(500),
      );
    },
  );
  server.maxConnections = MAX_CONNECTIONS;
  server.keepAliveTimeout = TIMEOUT_MS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new NunetError('prometheus-failed', `Cannot offer figures on ${LOOPBACK}:${options.port}: ${cause.message}; want a free port`, {
          cause,
        }),
      ),
    );
    // No other address can be asked for.
    server.listen(options.port, LOOPBACK, resolve);
  });
  const address = server.address();
  if (address !== null && typeof address === 'object') bound = address.port;
  return {
    port: bound,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

/** prom-client is loaded only where somebody wants it. */
async function loadMetrics(): Promise<{ contentType: string; text(figures: UsageFigures): Promise<string> }> {
  const { Gauge, Registry } = await import('prom-client');
  return { contentType: Registry.PROMETHEUS_CONTENT_TYPE, text: (figures) => textOf(figures, Gauge, new Registry()) };
}

/** A registry each time: what nobody can say now must not show what it was, or 0. */
function textOf(figures: UsageFigures, Gauge: typeof import('prom-client').Gauge, registry: Registry): Promise<string> {
  const { machine, gpus, total, free, jobs, hubsConnected, agentMemoryBytes } = figures;
  const gauge = (name: string, help: string, values: readonly (readonly [Readonly<Record<string, string>>, number | null])[]): void => {
    const known = values.filter((one): one is readonly [Readonly<Record<string, string>>, number] => one[1] !== null);
    if (known.length === 0) return;
    const made = new Gauge({ name: `nunet_agent_${name}`, help, labelNames: Object.keys(known[0]?.[0] ?? {}), registers: [registry] });
    for (const [labels, value] of known) made.set(labels, value);
  };
  const ratio = (percent: number | null): number | null => (percent === null ? null : percent / 100);
  const byKind = (offer: UsageFigures['total']) =>
    (['cpus', 'memoryBytes', 'diskBytes', 'gpus'] as const).map((resource) => [{ resource }, offer[resource]] as const);
  const byGpu = (figure: (now: UsageFigures['gpus'][number]) => number | null) =>
    gpus.map((now, place) => [{ gpu: String(place) }, figure(now)] as const);
  gauge('machine_cpu_busy_ratio', 'How busy all CPUs of the machine are, 0 to 1.', [[{}, ratio(machine.cpuBusyPercent)]]);
  gauge('machine_memory_used_ratio', 'Memory of the machine that is taken, 0 to 1.', [[{}, ratio(machine.memoryUsedPercent)]]);
  gauge('machine_temperature_celsius', 'Temperature of the CPU.', [[{}, machine.temperatureC]]);
  gauge('resident_memory_bytes', 'Memory of the agent itself.', [[{}, agentMemoryBytes]]);
  gauge('offered', 'On offer in all, by kind: CPUs, bytes, GPUs.', byKind(total));
  gauge('free', 'Of the offer free now, by kind: CPUs, bytes, GPUs.', byKind(free));
  gauge(
    'jobs',
    'Jobs that this agent knows, by state.',
    (['running', 'waiting', 'ended'] as const).map((state) => [{ state }, jobs[state]] as const),
  );
  gauge('hubs_connected', 'Hubs that the agent is connected to.', [[{}, hubsConnected]]);
  gauge(
    'gpu_busy_ratio',
    'How busy a lent GPU is, 0 to 1, by its place in the configuration.',
    byGpu(({ busyPercent }) => ratio(busyPercent)),
  );
  gauge(
    'gpu_memory_used_bytes',
    'Memory of a lent GPU that is taken.',
    byGpu(({ usedBytes }) => usedBytes),
  );
  gauge(
    'gpu_temperature_celsius',
    'Temperature of a lent GPU.',
    byGpu(({ temperatureC }) => temperatureC),
  );
  gauge(
    'gpu_power_watts',
    'What a lent GPU draws.',
    byGpu(({ powerW }) => powerW),
  );
  return registry.metrics();
}
