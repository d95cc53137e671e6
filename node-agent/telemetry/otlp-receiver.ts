// A small OTLP receiver over real HTTP, for tests: what a collector would get.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface OtlpSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  startTimeUnixNano: string;
  endTimeUnixNano: string;
  attributes: { key: string; value: { stringValue?: string } }[];
}

/** `answer`: what the collector does with an export. */
export async function otlpReceiver(
  answer: 'takes' | 'hangs' | 'fails' = 'takes',
): Promise<{ got: { spans: OtlpSpan[]; resource: string[]; paths: string[] }; url: string }> {
  const got = { spans: [] as OtlpSpan[], resource: [] as string[], paths: [] as string[] };
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      got.paths.push(request.url ?? '');
      if (answer === 'hangs') return;
      if (answer === 'fails') return void response.writeHead(500).end();
      const body = JSON.parse(text) as {
        resourceSpans: { resource: { attributes: { key: string }[] }; scopeSpans: { spans: OtlpSpan[] }[] }[];
      };
      for (const { resource, scopeSpans } of body.resourceSpans) {
        got.resource.push(...resource.attributes.map(({ key }) => key));
        for (const { spans } of scopeSpans) got.spans.push(...spans);
      }
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close(() => server.closeAllConnections()));
  return { got, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
