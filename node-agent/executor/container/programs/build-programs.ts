// `node programs/build-programs.ts`: compiles the three programs for both architectures into ../programs.ts. Needs gcc for each, Linux headers.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PROGRAM_NAMES, type Architecture, type ProgramName } from '../programs.ts';

const FLAGS = [
  '-Os',
  '-static',
  '-nostdlib',
  '-ffreestanding',
  '-fno-pie',
  '-no-pie',
  '-fno-stack-protector',
  '-fno-asynchronous-unwind-tables',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-Wno-unused-function',
  '-s',
  '-Wl,--build-id=none,-z,noseparate-code',
];
/** aarch64 has the generic table of system calls, so that any 64-bit machine's headers do. */
const COMPILERS: Record<Architecture, readonly string[]> = {
  x64: ['gcc', '-fcf-protection=none'],
  arm64: ['aarch64-linux-gnu-gcc', '-idirafter', '/usr/include', '-idirafter', '/usr/include/x86_64-linux-gnu'],
};

/** Throws when the compiler is not here. */
export function compile(architecture: Architecture, program: ProgramName): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'nunet-programs-'));
  try {
    const [compiler = '', ...own] = COMPILERS[architecture];
    const out = join(folder, program);
    execFileSync(compiler, [...FLAGS, ...own, '-o', out, join(import.meta.dirname, `${program}.c`)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return readFileSync(out);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) {
  const path = join(import.meta.dirname, '../programs.ts');
  const source = readFileSync(path, 'utf8');
  const lines = Object.keys(COMPILERS).map((architecture) => {
    const entries = PROGRAM_NAMES.map((name) => `    ${name}: '${compile(architecture as Architecture, name).toString('base64')}',`);
    return `  ${architecture}: {\n${entries.join('\n')}\n  },`;
  });
  writeFileSync(
    path,
    source.replace(
      /(\/\/ begin\n)[\s\S]*(\/\/ end\n)/,
      `$1const BYTES: Record<Architecture, Record<ProgramName, string>> = {\n${lines.join('\n')}\n};\n$2`,
    ),
  );
}
