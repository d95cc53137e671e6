// `npm run build`: type declarations of every workspace. Sources run as they are; the escrow blueprint is committed.
import { runSteps } from './run-tool.ts';

await runSteps([{ name: 'types', tool: 'tsc', args: ['-b'] }]);
