// The status page: one screen, no script, light and dark, from a telephone to a wide window.
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { base64 } from '@scure/base';
import { html, raw } from 'hono/html';
import type { PublicStatus } from '../routes/status.ts';

const STYLE = `
:root{color-scheme:light dark;--line:#8884;--soft:#8881;--dim:#667;--bad:#b3261e;--good:#1b7f4b}
@media(prefers-color-scheme:dark){:root{--dim:#9aa;--bad:#ff8a80;--good:#6fd19c}}
*{box-sizing:border-box}body{font:16px/1.5 system-ui,sans-serif;margin:0 auto;padding:1rem;max-width:72rem}
h1{font-size:1.4rem;margin:.2rem 0}h2{font-size:1.05rem;margin:1.6rem 0 .5rem}
.grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));gap:.6rem}
.card{background:var(--soft);border:1px solid var(--line);border-radius:.5rem;padding:.6rem .8rem}
.card b{display:block;font-size:1.5rem;font-variant-numeric:tabular-nums}.dim{color:var(--dim)}.bad{color:var(--bad)}.good{color:var(--good)}
ol,ul{list-style:none;margin:0;padding:0}li{border-top:1px solid var(--line);padding:.45rem 0;overflow-wrap:anywhere}
code{font:.85em ui-monospace,monospace;overflow-wrap:anywhere}.tag{border:1px solid var(--line);border-radius:1rem;padding:0 .5rem;font-size:.85rem;margin-right:.4rem}
`;
const STYLE_HASH = base64.encode(sha256(utf8ToBytes(STYLE)));

const STATE_TEXT: Readonly<Record<string, string>> = {
  waiting: 'waiting for evidence or a deadline',
  replaying: 'disputed, running the job again',
  attested: 'decided, gathering signatures',
  agreed: 'both parties agreed, being submitted',
  submitted: 'settle transaction submitted',
  settled: 'settled on chain',
  ended: 'ended without us (reclaimed)',
};

const ago = (from: number, to: number): string => {
  const s = Math.max(0, Math.round((to - from) / 1000));
  if (s < 120) return `${s} s`;
  if (s < 7200) return `${Math.round(s / 60)} min`;
  return s < 172_800 ? `${Math.round(s / 3600)} h` : `${Math.round(s / 86_400)} days`;
};
const short = (text: string): string => (text.length > 20 ? `${text.slice(0, 10)}…${text.slice(-8)}` : text);

export function statusPage(status: PublicStatus): { html: ReturnType<typeof html>; csp: string } {
  const { now, saidByAgents: said } = status;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width,initial-scale=1" />
        <meta http-equiv="refresh" content="10" />
        <title>Oracle ${short(status.oracleKey)} on ${status.network}</title>
        ${raw(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <h1>Oracle on ${status.network}</h1>
        <p class="dim">
          Key <code>${status.oracleKey}</code>, up for ${ago(status.startedAt, now)}, network record ${status.recordSequence}. The same as
          JSON: <a href="/status">/status</a>, API: <a href="/openapi.json">/openapi.json</a>
        </p>
        <p>
          ${
            status.chainProblem === null
              ? status.tip === null
                ? html`<span class="dim">The chain has not been read yet: no case is open.</span>`
                : html`<span class="good">Chain read</span>: block ${status.tip.height}, ${ago(status.tip.timeMs, now)} old`
              : html`<span class="bad">${status.chainProblem}</span>`
          }
        </p>
        <h2>Locks</h2>
        <div class="grid">
          <div class="card"><b>${status.openCases}</b>open</div>
          ${Object.entries(status.states).map(([state, n]) => html`<div class="card"><b>${n}</b>${STATE_TEXT[state] ?? state}</div>`)}
        </div>
        <h2>Decided, by rule</h2>
        <div class="grid">
          ${status.agreements === 0 ? '' : html`<div class="card"><b>${status.agreements}</b>agreed by both parties</div>`}
          ${Object.keys(status.rules).length + status.agreements === 0 ? html`<div class="card dim">nothing yet</div>` : ''}
          ${Object.entries(status.rules).map(([rule, n]) => html`<div class="card"><b>${n}</b>${rule}</div>`)}
        </div>
        <h2>Said by agents</h2>
        <p class="dim">What agents tell of themselves where their owners allow it, in the last minutes. Nobody has checked it.</p>
        <div class="grid">
          <div class="card"><b>${said.machines}</b>machines reporting</div>
          <div class="card"><b>${said.cpusBusy} of ${said.cpus}</b>CPUs busy</div>
          <div class="card"><b>${said.gpus}</b>GPUs</div>
          <div class="card"><b>${said.jobsRunning}</b>jobs running</div>
        </div>
        <h2>Other oracles</h2>
        <ul>
          ${status.peers.map(
            (peer) =>
              html`<li>
                <code>${short(peer.key)}</code> ${peer.url}
                ${
                  peer.problem === null
                    ? peer.lastAnswerAt === null
                      ? html`<span class="dim">not asked yet</span>`
                      : html`<span class="good">answered ${ago(peer.lastAnswerAt, now)} ago</span>`
                    : html`<span class="bad">${peer.problem}</span>`
                }
              </li>`,
          )}
        </ul>
        ${
          status.problems.length === 0
            ? ''
            : html`<h2>Being tried again</h2>
                <ul>
                  ${status.problems.map((p) => html`<li><code>${p.lock}</code> <span class="bad">${p.message}</span> (${p.failures} times)</li>`)}
                </ul>`
        }
        <h2>What happened</h2>
        <ol>
          ${status.events.length === 0 ? html`<li class="dim">Nothing yet: no lock has named this oracle.</li>` : ''}
          ${status.events.map(
            (event) =>
              html`<li>
                <span class="tag">${event.kind}</span>${event.detail}
                <div class="dim">${ago(event.at, now)} ago${event.lock === null ? '' : html`, lock <code>${event.lock}</code>`}</div>
              </li>`,
          )}
        </ol>
        <p class="dim">Fees are paid by the locks; collateral comes from <code>${status.feeAddress}</code>.</p>
      </body>
    </html>`;
  return {
    html: page,
    csp: `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'`,
  };
}
