// Mozilla's own linter over the Firefox package, and the warnings that we answer for. It reads the package and asks nobody.
import addonsLinter from 'addons-linter';
import type { Finding, Packaged } from './packaged.ts';

interface Answer {
  code: string;
  file: RegExp;
  /** Of the code around what is warned of. */
  text: RegExp;
  why: string;
}

/** Warnings in libraries. An entry that nothing needs any more fails the test. */
export const ANSWERS: readonly Answer[] = [
  {
    code: 'UNSAFE_VAR_ASSIGNMENT',
    file: /^chunks\/.+\.js$/,
    text: /\.innerHTML=\w+\.__html/,
    why: 'Preact, for dangerouslySetInnerHTML, which no component of ours uses',
  },
  {
    code: 'DANGEROUS_EVAL',
    file: /\.js$/,
    text: /try\{return Function\(``\),!0\}catch/,
    why: 'zod asks whether it may compile its parsers; the policy says no, and it goes on without',
  },
  {
    code: 'DANGEROUS_EVAL',
    file: /^transaction-worker\.js$/,
    text: /Function\(`return this`\)|Function\(`binder`/,
    why: 'lodash and function-bind, in Mesh; the policy allows neither to run',
  },
  {
    code: 'DANGEROUS_EVAL',
    file: /^transaction-worker\.js$/,
    text: /"%eval%":eval/,
    why: 'get-intrinsic, in Mesh, lists eval and does not call it',
  },
  {
    code: 'UNSAFE_VAR_ASSIGNMENT',
    file: /^score-frame\.js$/,
    text: /await import\(\w+\)\)\.default/,
    why: 'onnxruntime-web would load a part of itself by address; ours has all parts bundled, and the frame has no connect-src',
  },
];

const AROUND = 120;

/** The code at a place of a file, on one line. Linters count lines from 1. */
function codeAt(text: string, line: number, column: number): string {
  const whole = text.split('\n')[line - 1] ?? '';
  return whole.slice(Math.max(0, column - AROUND), column + AROUND);
}

export async function lintAddon(zip: string, files: Packaged): Promise<{ findings: Finding[]; used: Set<Answer> }> {
  const linter = addonsLinter.createInstance({
    config: {
      _: [zip],
      logLevel: 'fatal',
      stack: false,
      pretty: false,
      warningsAsErrors: false,
      metadata: false,
      output: 'none',
      boring: true,
      selfHosted: false,
      shouldScanFile: () => true,
    },
    runAsBinary: false,
  });
  const { errors, warnings, notices } = await linter.run();
  const used = new Set<Answer>();
  const findings: Finding[] = [];
  for (const message of [...errors, ...warnings, ...notices]) {
    const { code, file = '', line = 0, column = 0 } = message;
    const around = codeAt(files.get(file)?.text ?? '', line, column);
    const answer = errors.includes(message)
      ? undefined
      : ANSWERS.find((one) => one.code === code && one.file.test(file) && one.text.test(around));
    if (answer === undefined) findings.push({ file, problem: `${code}: ${message.message}${around === '' ? '' : `: ...${around}...`}` });
    else used.add(answer);
  }
  return { findings, used };
}
