// Writes permissions.json anew from the packages that `npm run build` made: a person does this, and a reviewer reads the difference.
import { join } from 'node:path';
import { packagePath } from '../browser/build-extension.ts';
import { root, runTool } from '../run-tool.ts';
import { readPackage } from './packaged.ts';
import { ACCEPTED, acceptPowers } from './permissions.ts';

const read = (browser: 'chrome' | 'firefox'): ReturnType<typeof readPackage> => readPackage(join(root, packagePath(browser)));
acceptPowers({ chromium: read('chrome'), firefox: read('firefox') });
process.exitCode = await runTool('prettier', ['--write', ACCEPTED]);
