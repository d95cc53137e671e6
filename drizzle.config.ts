// drizzle-kit: `npx drizzle-kit generate --name WHAT` writes a migration after edge/db/schema.ts has changed.
import { defineConfig } from 'drizzle-kit';

export default defineConfig({ dialect: 'postgresql', schema: './edge/db/schema.ts', out: './edge/db/migrations' });
