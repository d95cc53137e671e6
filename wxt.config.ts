// How the extension is built: one manifest for Chromium (MV3) and Firefox (MV2), strict policies, classic scripts in opaque frames.
import { preact } from '@preact/preset-vite';
import { defineConfig } from 'wxt';
import { POLICIES } from './extension/policies.ts';

export default defineConfig({
  srcDir: 'extension',
  outDir: 'extension/build',
  // Every import is written out, so that a reader and the type checker need no generated file.
  imports: false,
  vite: () => ({ plugins: [preact()], build: { target: 'esnext', sourcemap: false } }),
  hooks: {
    'build:publicAssets': async (_, files) => {
      // Loaded here only: `wxt prepare` and the type checker need no templates.
      const { buildTemplates } = await import('./scripts/jobs/build-templates.ts');
      files.push(...(await buildTemplates()));
    },
  },
  manifest: ({ browser, manifestVersion }) => ({
    name: 'NuNet',
    description: 'Run machine-learning jobs on other people’s computers and pay in NTX.',
    permissions: browser === 'firefox' ? [] : ['offscreen'],
    action: { default_title: 'Open NuNet' },
    content_security_policy:
      manifestVersion === 3 ? { extension_pages: POLICIES.pages, sandbox: POLICIES.sandbox } : (POLICIES.pages as never),
    ...(browser === 'firefox' ? { browser_specific_settings: { gecko: { id: 'nunet@example.org', strict_min_version: '140.0' } } } : {}),
  }),
});
