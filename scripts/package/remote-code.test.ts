import { expect, test } from 'vitest';
import { packageOf } from './package-fixture.ts';
import { remoteCode } from './remote-code.ts';

const findings = (path: string, text: string): string[] =>
  remoteCode(packageOf({ [path]: text })).findings.map(({ file, problem }) => `${file} ${problem.split(':')[0]}`);

test('a package that brings all its code passes', () => {
  expect(remoteCode(packageOf()).findings).toEqual([]);
});

test.each([
  ['turnstile', 'load("https://challenges.cloudflare.com/turnstile/v0/api")'],
  ['script element', 'document.createElement("script")'],
  ['script element', 'd.createElementNS("http://www.w3.org/1999/xhtml","script")'],
  ['script element', 'document.write(x)'],
  ['importScripts', 'importScripts("./a.js")'],
  ['address of a script', 'const u="https://cdn.example/lib.min.js"'],
  ['import from elsewhere', 'import("https://cdn.example/lib")'],
  ['import from elsewhere', 'import{x}from"https://cdn.example/lib"'],
  ['import from elsewhere', 'import("data:text/javascript,0")'],
  ['import of a computed address', 'await import(address)'],
  ['eval', 'eval("1")'],
  ['eval', '(0,eval)("1")'],
  ['eval', 'const f=[eval]'],
  ['Function constructor', 'new Function("return 1")()'],
  ['Function constructor', 'Function(text)'],
  ['Function constructor', '(()=>{}).constructor("return 1")()'],
  ['timer of a text', 'setTimeout("go()",1)'],
])('cannot bring in code by %s: %s', (rule, text) => {
  expect(findings('chunks/late-1.js', text)).toEqual([`chunks/late-1.js ${rule}`]);
});

test.each(['<script>go()</script>', '<body onload="go()"></body>', '<a href="javascript:go()">x</a>'])(
  'cannot have inline code in a page: %s',
  (html) => {
    expect(findings('dashboard.html', html)).toEqual(['dashboard.html inline code']);
  },
);

test('a page cannot load a script of another host', () => {
  expect(findings('dashboard.html', '<script type="module" src="https://cdn.example/app"></script>')).toEqual([
    'dashboard.html script element',
  ]);
});

test('words that only look like it pass', () => {
  expect(
    findings('chunks/late-1.js', 'a.eval(1);retrieval(x);scalus.uplc.eval.Cek;isFunction(x);x.importScriptsLater;"at eval )"'),
  ).toEqual([]);
});

test('an exception is for its file and its text alone', () => {
  const lodash = 'self&&self.Object===Object&&self;t.exports=n||r||Function(`return this`)()';
  expect(findings('transaction-worker.js', lodash)).toEqual([]);
  expect(findings('vault.js', lodash)).toEqual(['vault.js Function constructor']);
  expect(findings('transaction-worker.js', 'Function(`return fetch`)()')).toEqual(['transaction-worker.js Function constructor']);
});
