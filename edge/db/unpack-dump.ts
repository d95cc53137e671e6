// Child process of dump.ts: unpacks a dump (first argument) into a new PGlite data directory (second).
import { readFile } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';

const [dump, dataDir] = process.argv.slice(2);
if (dump === undefined || dataDir === undefined) throw new Error('Cannot unpack: want two arguments, the dump and the data directory');
const client = await PGlite.create({ dataDir, loadDataDir: new Blob([await readFile(dump)]) });
await client.close();
