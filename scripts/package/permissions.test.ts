import { expect, test } from 'vitest';
import { packageOf } from './package-fixture.ts';
import { powersChanged, readPowers } from './permissions.ts';

const ACCEPTED = {
  manifest_version: 3,
  permissions: ['idle'],
  content_security_policy: { extension_pages: "default-src 'none'; script-src 'self'" },
  content_scripts: [{ matches: ['https://*/*'], js: ['content-scripts/cip30.js'] }],
};
const changed = (change: Record<string, unknown>): string[] =>
  powersChanged(
    ACCEPTED,
    readPowers(packageOf({ 'manifest.json': JSON.stringify({ ...ACCEPTED, name: 'x', version: '2', icons: {}, ...change }) })),
  );

test('other words, icons and versions ask for nothing', () => {
  expect(changed({ name: 'y', description: 'z', action: { default_title: 'Open' } })).toEqual([]);
});

test.each([
  [{ permissions: ['idle', 'tabs'] }, ['+ .permissions[] = "tabs"']],
  [{ permissions: [] }, ['+ .permissions = []', '- .permissions[] = "idle"']],
  [{ host_permissions: ['<all_urls>'] }, ['+ .host_permissions[] = "<all_urls>"']],
  [{ web_accessible_resources: [{ resources: ['a.js'] }] }, ['+ .web_accessible_resources[].resources[] = "a.js"']],
  [
    { content_security_policy: { extension_pages: "default-src 'none'; script-src 'self' 'unsafe-eval'" } },
    [
      `+ .content_security_policy.extension_pages = "script-src 'self' 'unsafe-eval'"`,
      `- .content_security_policy.extension_pages = "script-src 'self'"`,
    ],
  ],
  [
    { content_scripts: [{ matches: ['https://*/*'], js: ['content-scripts/cip30.js'], all_frames: true }] },
    ['+ .content_scripts[].all_frames = true'],
  ],
  [{ something_new: { of: 'Chrome 200' } }, ['+ .something_new.of = "Chrome 200"']],
])('cannot change %j without being told', (change, lines) => {
  expect(changed(change)).toEqual(lines);
});
