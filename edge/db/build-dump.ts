// Child process of dump.ts: writes a migrated, empty PGlite database to the path it is given.
import { writeFile } from 'node:fs/promises';
import { PGlite } from '@electric-sql/pglite';
import { drizzle } from 'drizzle-orm/pglite';
import { migrate } from 'drizzle-orm/pglite/migrator';
import { MIGRATIONS } from './dump.ts';

const [out] = process.argv.slice(2);
if (out === undefined) throw new Error('Cannot build the dump: want one argument, the path to write to');
// One connection and small tables: PGlite's default of 128 MB shared buffers costs 60 MB of resident memory and more.
const client = await PGlite.create({ postgresqlconf: ['shared_buffers = 8MB', 'max_connections = 4'] });
await migrate(drizzle(client), { migrationsFolder: MIGRATIONS });
const dump = await client.dumpDataDir('gzip');
await writeFile(out, new Uint8Array(await dump.arrayBuffer()));
await client.close();
