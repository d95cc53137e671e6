import { request } from 'node:http';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, expect, onTestFinished, test } from 'vitest';
import { servePrometheus } from './prometheus.ts';
import { sampleFigures } from './sample-figures.ts';

async function serve(): Promise<number> {
  const server = await servePrometheus({ port: 0, figures: () => Promise.resolve(sampleFigures) });
  onTestFinished(() => server.close());
  return server.port;
}
const ask = (
  port: number,
  options: { method?: string; path?: string; headers?: Record<string, string> } = {},
): Promise<{ status: number; body: string; headers: Record<string, string | string[] | undefined> }> =>
  new Promise((resolve, reject) => {
    const { method = 'GET', path = '/metrics', headers = {} } = options;
    const asking = request({ host: '127.0.0.1', port, method, path, headers }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
    });
    asking.on('error', reject);
    asking.end();
  });

describe('figures for Prometheus', () => {
  test('are those of the agent, in its own words', async () => {
    const port = await serve();
    const { status, body, headers } = await ask(port);
    expect(status).toBe(200);
    expect(headers['content-type']).toContain('text/plain');
    for (const line of [
      'nunet_agent_machine_cpu_busy_ratio 0.25',
      'nunet_agent_jobs{state="running"} 2',
      'nunet_agent_free{resource="cpus"} 3',
      'nunet_agent_gpu_busy_ratio{gpu="1"} 0.5',
      'nunet_agent_gpu_power_watts{gpu="0"} 300.5',
    ])
      expect(body.split('\n')).toContain(line);
    expect(body).not.toContain('nunet_agent_gpu_memory_used_bytes{gpu="1"}');
    expect((await ask(port, { headers: { host: `localhost:${port}` } })).status).toBe(200);
  });

  test('cannot carry a label that names a job, a peer or an address', async () => {
    const { body } = await ask(await serve());
    const labels = new Set([...body.matchAll(/[{,](\w+)="([^"]*)"/g)].map(([, name, value]) => `${name}=${value}`));
    expect([...labels].toSorted()).toEqual([
      'gpu=0',
      'gpu=1',
      'resource=cpus',
      'resource=diskBytes',
      'resource=gpus',
      'resource=memoryBytes',
      'state=ended',
      'state=running',
      'state=waiting',
    ]);
  });

  test('are left out where nobody can say them, not told as 0', async () => {
    const little = { ...sampleFigures, machine: { ...sampleFigures.machine, temperatureC: null, cpuBusyPercent: null }, gpus: [] };
    const server = await servePrometheus({ port: 0, figures: () => Promise.resolve(little) });
    onTestFinished(() => server.close());
    expect((await ask(server.port)).body).not.toMatch(/celsius|cpu_busy|gpu_/);
  });

  test('cannot be read under another host name, as a page does whose name was made to resolve here', async () => {
    const port = await serve();
    for (const host of [
      'evil.example',
      `evil.example:${port}`,
      '127.0.0.1',
      `127.0.0.1:${port + 1}`,
      `127.0.0.1:${port}.evil.example`,
      `LOCALHOST:${port}`,
    ]) {
      const { status, body } = await ask(port, { headers: { host } });
      expect([host, status, body]).toEqual([host, 421, '']);
    }
  });

  test('cannot be had without a host at all', async () => {
    const port = await serve();
    const answer = await new Promise<string>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => socket.write('GET /metrics HTTP/1.0\r\n\r\n'));
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('close', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.\d 4\d\d /);
    expect(answer).not.toContain('nunet_agent');
  });

  test('cannot be posted to, nor shared with another origin', async () => {
    const port = await serve();
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'HEAD']) expect((await ask(port, { method })).status).toBe(405);
    const { headers } = await ask(port, { headers: { origin: 'https://evil.example' } });
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    expect((await ask(port, { path: '/metrics?x=1' })).status).toBe(404);
    expect((await ask(port, { path: '/' })).status).toBe(404);
  });

  test('cannot be reached but on loopback', async () => {
    const port = await serve();
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4')
      .map(({ address }) => address);
    // Another address of loopback stands for those of a machine that has none.
    for (const host of [...others, '127.0.0.2']) {
      const code = await new Promise((resolve) => {
        const socket = connect(port, host, () => resolve('connected'));
        socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code));
      });
      expect([host, code]).toEqual([host, 'ECONNREFUSED']);
    }
  });

  test('a port that is taken is said to be', async () => {
    const port = await serve();
    await expect(servePrometheus({ port, figures: () => Promise.resolve(sampleFigures) })).rejects.toMatchObject({
      code: 'prometheus-failed',
    });
  });
});
