// Whether a packaged extension could run code that is not in the package: the stores forbid it, and so do we. Every exception is named.
import type { Finding, Packaged } from './packaged.ts';

const RULES = {
  // Refused by the Chrome Web Store wherever it stands, even where it never runs.
  turnstile: /challenges\.cloudflare\.com/g,
  'script element': /createElement(?:NS)?\([^()]{0,60}["'`]script["'`]|document\.write\(|<script[^>]{0,200}src=["']?https?:/gi,
  importScripts: /\bimportScripts\s*\(/g,
  'address of a script': /https?:\/\/[^"'`\s<>]+\.m?js\b/g,
  'import from elsewhere': /(?:\bfrom|\bimport)\s*\(?\s*["'`](?:https?:|\/\/|data:|blob:)/g,
  'import of a computed address': /(?<![\w$.])import\((?!\s*["'`])/g,
  eval: /(?<![\w$.%])eval(?:\s*\(|[,);\]}])/g,
  'Function constructor': /(?<![\w$.])Function\s*\(|\.constructor\(\s*["'`]/g,
  'timer of a text': /\bset(?:Timeout|Interval)\(\s*["'`]/g,
} as const;
type Rule = keyof typeof RULES;

interface Exception {
  rule: Rule;
  file: RegExp;
  /** Of the text around. */
  text: RegExp;
  why: string;
}

/** In libraries. The policies of extension/policies.ts allow no eval, so none of them can do what it says. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    rule: 'Function constructor',
    file: /\.js$/,
    text: /Cloudflare`\)\)return!1;try\{return Function\(``\),!0\}catch\{return!1\}/,
    why: 'zod asks whether it may compile its parsers; the policy says no, and it goes on without',
  },
  {
    rule: 'Function constructor',
    file: /^transaction-worker\.js$/,
    text: /self\.Object===Object&&self;\w+\.exports=\w+\|\|\w+\|\|Function\(`return this`\)\(\)/,
    why: 'lodash, in Mesh, for a global object; where there is a `self` it does not get that far',
  },
  {
    rule: 'Function constructor',
    file: /^transaction-worker\.js$/,
    text: /Function\(`binder`,`return function \(`\+/,
    why: 'the function-bind shim, in Mesh, for engines without bind',
  },
  {
    rule: 'eval',
    file: /^transaction-worker\.js$/,
    text: /"%eval%":eval,"%EvalError%"/,
    why: 'get-intrinsic, in Mesh, lists eval among the built-ins and does not call it',
  },
  {
    rule: 'import of a computed address',
    file: /^score-frame\.js$/,
    text: /=async \w+=>\(await import\(\w+\)\)\.default/,
    why: 'onnxruntime-web would load a part of itself by address; ours has all parts bundled, and the frame has no connect-src',
  },
];

const AROUND = 80;

/** Inline code of a page: an element without an address of its own, a handler in an attribute, an address that is code. */
const INLINE = /<script(?![^>]*\ssrc=)[^>]*>|<[^>]+\son\w+\s*=|javascript:/gi;

interface Found {
  findings: Finding[];
  /** Exceptions that something needed. */
  used: Set<Exception>;
}

export function remoteCode(files: Packaged): Found {
  const findings: Finding[] = [];
  const used = new Set<Exception>();
  for (const { path, text } of files.values()) {
    if (text === null) continue;
    const isCode = /\.(?:js|html)$/.test(path);
    for (const [rule, pattern] of isCode ? (Object.entries(RULES) as [Rule, RegExp][]) : []) {
      for (const match of text.matchAll(pattern)) {
        const around = text.slice(Math.max(0, match.index - AROUND), match.index + match[0].length + AROUND);
        const exception = EXCEPTIONS.find((one) => one.rule === rule && one.file.test(path) && one.text.test(around));
        if (exception === undefined) findings.push({ file: path, problem: `${rule}: ...${around}...` });
        else used.add(exception);
      }
    }
    if (path.endsWith('.html'))
      for (const [inline] of text.matchAll(INLINE)) findings.push({ file: path, problem: `inline code: ${inline}` });
  }
  return { findings, used };
}
