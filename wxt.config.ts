// How the extension is built: one manifest for Chromium (MV3) and Firefox (MV2), strict policies, classic scripts in opaque frames.
import { createRequire } from 'node:module';
import { preact } from '@preact/preset-vite';
import { defineConfig } from 'wxt';
import { largerMessages } from './extension/bundling/larger-messages.ts';
import { packagedWasm } from './extension/bundling/packaged-wasm.ts';
import { slimMesh } from './extension/bundling/slim-mesh.ts';
import { POLICIES } from './extension/policies.ts';
import { SCORE_WASM } from './extension/score/wasm-file.ts';

/** The version that the extension depends on; another package may bring an older one. */
const fromExtension = (path: string): string => createRequire(new URL('extension/package.json', import.meta.url)).resolve(path);

export default defineConfig({
  srcDir: 'extension',
  outDir: 'extension/build',
  publicDir: 'extension/public',
  // Every import is written out, so that a reader and the type checker need no generated file.
  imports: false,
  vite: () => ({ plugins: [preact()], build: { target: 'esnext', sourcemap: false } }),
  hooks: {
    // Plugins for one script each: the rest of the extension is bundled without them.
    'vite:build:extendConfig': (entrypoints, config) => {
      const isFor = (name: string): boolean => entrypoints.some((entrypoint) => entrypoint.name === name);
      if (isFor('net-frame')) config.plugins = [...(config.plugins ?? []), largerMessages()];
      if (isFor('score-frame')) config.plugins = [...(config.plugins ?? []), packagedWasm()];
      if (isFor('transaction-worker'))
        config.resolve = { ...config.resolve, alias: slimMesh(`${import.meta.dirname}/extension/chain/mesh-shims`) };
    },
    'build:publicAssets': async (_, files) => {
      // Loaded here only: `wxt prepare` and the type checker need no templates.
      const { buildTemplates } = await import('./scripts/jobs/build-templates.ts');
      files.push(...(await buildTemplates()));
      // Handed into the scoring frame as bytes, which may request nothing itself.
      files.push({ absoluteSrc: fromExtension('onnxruntime-web/ort-wasm-simd-threaded.wasm'), relativeDest: SCORE_WASM.slice(1) });
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
