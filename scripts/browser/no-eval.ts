// Imported first by what is put into a page: while the debugger runs it, zod finds that it may compile its parsers, and afterwards
// the page's policy forbids that.
import { config } from 'zod';

config({ jitless: true });
