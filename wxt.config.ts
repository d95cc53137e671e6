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

/** A scripted stranger in a Turnstile frame makes its challenge fail. */
const CHALLENGES = 'https://challenges.cloudflare.com/*';

const FIREFOX = {
  gecko: {
    id: 'nunet@example.org',
    strict_min_version: '142.0',
    // Addresses and signed transactions go to the chain source that the person chose; nothing goes to us.
    data_collection_permissions: { required: ['financialAndPaymentInfo'] as 'financialAndPaymentInfo'[] },
  },
};

export default defineConfig({
  srcDir: 'extension',
  outDir: 'extension/build',
  publicDir: 'extension/public',
  // Every import is written out, so that a reader and the type checker need no generated file.
  imports: false,
  vite: () => ({ plugins: [preact()], build: { target: 'esnext', sourcemap: false } }),
  // A zip for each browser, of the same bytes for the same sources: sorted entries without times. The gallery is for developers and stays out.
  zip: {
    name: 'nunet',
    artifactTemplate: '{{name}}-{{version}}-{{browser}}.zip',
    zipSources: false,
    exclude: ['gallery.html', 'chunks/gallery-*', 'assets/gallery-*'],
  },
  hooks: {
    // Plugins for one script each: the rest of the extension is bundled without them.
    'vite:build:extendConfig': (entrypoints, config) => {
      const isFor = (name: string): boolean => entrypoints.some((entrypoint) => entrypoint.name === name);
      if (isFor('net-frame')) config.plugins = [...(config.plugins ?? []), largerMessages()];
      if (isFor('score-frame')) config.plugins = [...(config.plugins ?? []), packagedWasm()];
      if (isFor('transaction-worker'))
        config.resolve = { ...config.resolve, alias: slimMesh(`${import.meta.dirname}/extension/chain/mesh-shims`) };
    },
    // Written here and not in the content scripts, whose code would carry the name of a host that stores search for.
    'build:manifestGenerated': (_, manifest) => {
      for (const script of manifest.content_scripts ?? []) script.exclude_matches = [CHALLENGES];
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
    // Said in the browser's language, from extension/public/_locales.
    name: '__MSG_extensionName__',
    description: '__MSG_extensionDescription__',
    default_locale: 'en',
    // A change here also changes scripts/package/permissions.json. Firefox asks for no permission to have a sidebar,
    // has no offscreen document, and does not tell of a locked screen.
    permissions: [...(browser === 'firefox' ? [] : ['offscreen', 'sidePanel', 'idle']), 'unlimitedStorage'],
    [manifestVersion === 3 ? 'action' : 'browser_action']: { default_title: '__MSG_openExtension__' },
    content_security_policy:
      manifestVersion === 3 ? { extension_pages: POLICIES.pages, sandbox: POLICIES.sandbox } : (POLICIES.pages as never),
    ...(browser === 'firefox' ? { browser_specific_settings: FIREFOX } : {}),
  }),
});
