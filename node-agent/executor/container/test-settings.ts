// Settings of a container executor for tests: one engine, one folder, nothing pulled.
import { join } from 'node:path';
import type { HelperSettings } from './helper-protocol.ts';

export const testSettings = ({ folder, ...rest }: { folder: string; socket: string } & Partial<HelperSettings>): HelperSettings => ({
  agent: '12D3KooWTest',
  engine: 'auto',
  runtime: 'runc',
  packageIndex: null,
  registries: [],
  images: [],
  downloadHosts: [],
  stateDir: join(folder, 'state'),
  workRoot: folder,
  imageBudgetBytes: 2 ** 34,
  maxImageBytes: 2 ** 33,
  disk: 'auto',
  ...rest,
});
