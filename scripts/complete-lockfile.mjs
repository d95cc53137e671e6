// Run after `npm install` behind a registry mirror that lacks the packages of other platforms: npm leaves those optional ones out
// of package-lock.json, and then refuses its own lock in `npm ci`. This adds each as npm would: version, os and cpu, never installed here.
import { readFileSync, writeFileSync } from 'node:fs';

const OS = ['android', 'darwin', 'freebsd', 'linux', 'netbsd', 'openbsd', 'openharmony', 'sunos', 'aix', 'win32'];
const CPU = ['arm64', 'arm', 'x64', 'ia32', 'ppc64', 'riscv64', 's390x', 'loong64', 'mips64el', 'wasm32'];

const path = new URL('../package-lock.json', import.meta.url);
const lock = JSON.parse(readFileSync(path, 'utf8'));
let added = 0;
for (const [parent, { optionalDependencies = {}, dev }] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const nested = `${parent}/node_modules/${name}`;
    const hoisted = `node_modules/${name}`;
    if (parent === '' || lock.packages[nested] !== undefined || lock.packages[hoisted] !== undefined) continue;
    const words = name.split(/[/@-]/);
    const os = OS.find((candidate) => words.includes(candidate));
    const cpu = CPU.find((candidate) => words.includes(candidate));
    if (os === undefined || !/^\d+\.\d+\.\d+$/.test(version)) {
      console.error(`left alone: ${name}@${version} of ${parent}`);
      continue;
    }
    lock.packages[hoisted] = { version, ...(cpu === undefined ? {} : { cpu: [cpu] }), ...(dev ? { dev } : {}), optional: true, os: [os] };
    added += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} optional packages of other platforms added to package-lock.json`);
