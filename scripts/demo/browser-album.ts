// The pictures of a walk-through as one page that needs nothing else: each moment in light and in dark, with what was done.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Moment } from './browser-walk.ts';

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

const figure = ({ name, says, afterMs, light, dark }: Moment, index: number): string => `<section>
<h2><span>${index + 1}</span> ${escaped(says)} <small>after ${(afterMs / 1000).toFixed(1)} s</small></h2>
<div>
<a href="${escaped(light)}"><img src="${escaped(light)}" alt="${escaped(`${name}, light`)}"></a>
<a href="${escaped(dark)}"><img src="${escaped(dark)}" alt="${escaped(`${name}, dark`)}"></a>
</div>
</section>`;

/** Gives the path of the page. */
export function writeAlbum(folder: string, moments: readonly Moment[]): string {
  const path = join(folder, 'index.html');
  writeFileSync(
    path,
    `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>NuNet in the browser</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 90rem; margin: 2rem auto; padding: 0 1rem; }
h2 { font-size: 1.05rem; font-weight: 500; }
h2 span { display: inline-grid; place-items: center; width: 1.8em; height: 1.8em; border-radius: 50%; background: #1d4ed8; color: #fff; }
small { opacity: 0.7; font-weight: 400; }
div { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: 1rem; align-items: start; }
img { width: 100%; border: 1px solid #8886; border-radius: 8px; }
section { margin-block: 2.5rem; }
</style>
<h1>NuNet in the browser</h1>
<p>A devnet, three oracles, a hub and three agents ran on this machine; Chromium held the built extension. Nothing here is a drawing.</p>
${moments.map(figure).join('\n')}
</html>
`,
  );
  return path;
}
