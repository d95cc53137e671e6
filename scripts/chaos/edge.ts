// The edge as a program that tells its writes and kills itself around the n-th: NUNET_KILL_AT_WRITE="3:before". Otherwise the edge as it is.
import { readOptions } from '@nunet/edge/node-options.ts';
import { serveEdge } from '@nunet/edge/serve.ts';
import { killAtWrite } from './kill-at-write.ts';

const WRITES = new Set([
  'addCase',
  'updateCase',
  'addEvidence',
  'decide',
  'addAttestation',
  'putSettlement',
  'setSettlement',
  'putReplay',
  'append',
]);
const hooks = killAtWrite(process.env['NUNET_KILL_AT_WRITE']);

/** The same object; its writes pass the hooks. */
const watched = <T extends object>(target: T): T =>
  new Proxy(target, {
    get(object, name) {
      const value: unknown = Reflect.get(object, name);
      if (typeof value !== 'function' || !WRITES.has(String(name))) return value;
      return async (...args: unknown[]): Promise<unknown> => {
        console.log(JSON.stringify({ write: String(name) }));
        await hooks?.before?.(name);
        const result: unknown = await Reflect.apply(value, object, args);
        await hooks?.after?.(name);
        return result;
      };
    },
  });

const options = readOptions(process.argv.slice(2), process.env);
if (options === 'help') throw new Error('This program is for chaos runs; see edge/node.ts --help');
const { stop, failed: _, ...ready } = await serveEdge(options, (line) => console.error(line), { store: watched, decisions: watched });
console.log(JSON.stringify(ready));
process.once('SIGTERM', () => void stop().then(() => process.exit(0)));
