// The devnet's page in the browser: asks /devnet twice a block and draws what changed. Everything from the chain is set as text.

const main = document.getElementById('main');
const live = document.getElementById('live');
const liveText = document.getElementById('live-text');

const STEP_LIMIT = 10_000_000_000;
const MEMORY_LIMIT = 16_500_000;

/** An element; `content` are texts and elements, empty ones are left out. */
function make(name, attributes, ...content) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) if (value !== undefined && value !== '') element.setAttribute(key, value);
  element.append(...content.flat(Infinity).filter((part) => part !== null && part !== undefined && part !== ''));
  return element;
}

const short = (hex) => `${hex.slice(0, 8)}…${hex.slice(-6)}`;
const txLink = (id, text = short(id)) => make('a', { href: `/tx/${id}`, class: 'mono', title: id }, text);
const plural = (count, word) => `${count} ${word}${count === 1 ? '' : 's'}`;
const clock = (timeMs) => new Date(timeMs).toISOString().replace('T', ' ').slice(0, 19);
const grouped = (digits) => digits.replace(/\B(?=(\d{3})+$)/g, '\u202f');

/** Base units as text with six decimals, as ADA and NTX have. */
function decimals(quantity) {
  const negative = quantity.startsWith('-');
  const digits = quantity.replace('-', '').padStart(7, '0');
  const fraction = digits.slice(-6).replace(/0+$/, '');
  return `${negative ? '−' : ''}${grouped(digits.slice(0, -6))}${fraction === '' ? '' : `.${fraction}`}`;
}
const ada = (lovelace) => `${decimals(lovelace)} ADA`;

function tokenName(hex) {
  const bytes = (hex.match(/../g) ?? []).map((pair) => parseInt(pair, 16));
  return bytes.length > 0 && bytes.every((byte) => byte > 32 && byte < 127) ? String.fromCharCode(...bytes) : hex;
}

let asset = { policyId: '', assetName: '' };
const tokenText = (policyId, assetName, quantity) =>
  policyId === asset.policyId && assetName === asset.assetName
    ? `${decimals(quantity)} tNTX`
    : `${grouped(quantity)} ${tokenName(assetName) || short(policyId)}`;
const amountText = ({ unit, quantity }) => (unit === 'lovelace' ? ada(quantity) : tokenText(unit.slice(0, 56), unit.slice(56), quantity));

const section = (title, count, ...content) =>
  make(
    'section',
    null,
    make('h2', null, title, count === null ? '' : make('span', { class: 'count' }, String(count))),
    make('div', { class: 'card' }, ...content),
  );

function table(columns, rows) {
  if (rows.length === 0) return make('p', { class: 'nothing' }, 'None yet.');
  const head = make(
    'thead',
    null,
    make(
      'tr',
      null,
      columns.map(([name, kind]) => make('th', { class: kind ?? '' }, name)),
    ),
  );
  const line = ({ dim, cells }) =>
    make(
      'tr',
      { class: dim ? 'dim' : '' },
      cells.map((cell, index) => {
        const [name, kind] = columns[index];
        return make('td', { class: kind ?? '', 'data-name': index === 0 ? undefined : name }, cell);
      }),
    );
  return make('table', null, head, make('tbody', null, rows.map(line)));
}

const figures = (entries) =>
  make(
    'dl',
    { class: 'card figures' },
    entries.map(([name, value]) => make('div', null, make('dt', null, name), make('dd', null, value))),
  );
const facts = (entries) =>
  make(
    'dl',
    { class: 'facts' },
    entries.flatMap(([name, value]) => [make('dt', null, name), make('dd', null, value)]),
  );

// --- the chain ---

function drawChain(chain) {
  const { tip, transactions, blocks, pending, dropped } = chain;
  const row = (transaction, where) => ({
    cells: [
      txLink(transaction.id),
      where,
      `${transaction.inputs} → ${transaction.outputs}`,
      ada(transaction.lovelace),
      ada(transaction.fee),
      `${grouped(String(transaction.sizeBytes))} B`,
      transaction.redeemers === 0 ? '—' : plural(transaction.redeemers, 'redeemer'),
    ],
  });
  const columns = [['Transaction'], ['Block'], ['In → out'], ['Moved', 'number'], ['Fee', 'number'], ['Size', 'number'], ['Scripts']];
  const waiting =
    pending.length === 0
      ? []
      : [
          section(
            'Waiting for a block',
            pending.length,
            table(
              columns,
              pending.map((transaction) => row(transaction, 'pending')),
            ),
          ),
        ];
  const lost =
    dropped.length === 0
      ? []
      : [
          section(
            'Dropped',
            dropped.length,
            table(
              [['Transaction'], ['Slot'], ['Why', 'row']],
              dropped.map(({ txId, slot, reason }) => ({
                cells: [
                  make('span', { class: 'mono', title: txId }, short(txId)),
                  String(slot),
                  make('span', { class: 'whole' }, reason.slice(0, 300)),
                ],
              })),
            ),
          ),
        ];
  return [
    figures([
      ['Height', grouped(String(tip.height))],
      ['Slot', grouped(String(tip.slot))],
      [`Chain time, ${clock(tip.timeMs).slice(0, 10)} UTC`, clock(tip.timeMs).slice(11)],
      ['Block time', chain.blockTimeMs >= 1000 ? `${chain.blockTimeMs / 1000} s` : `${chain.blockTimeMs} ms`],
      ['Network magic', String(chain.networkMagic)],
    ]),
    ...waiting,
    section(
      'Latest transactions',
      null,
      table(
        columns,
        transactions.map((transaction) => row(transaction, `#${transaction.height}`)),
      ),
    ),
    ...lost,
    section('Latest blocks', null, table([['Block'], ['Time (UTC)'], ['Slot', 'number'], ['Transactions', 'row']], blockRows(blocks))),
    section(
      'Test NTX',
      null,
      facts([
        ['Policy', make('span', { class: 'mono whole' }, asset.policyId)],
        ['Name', `tNTX (${asset.assetName}), 6 decimals`],
      ]),
    ),
  ];
}

/** Blocks newest first; empty ones in a row share a line. */
function blockRows(blocks) {
  const rows = [];
  for (const { height, timeMs, slot, transactions } of blocks) {
    const last = rows.at(-1);
    if (transactions.length === 0 && last?.first !== undefined) last.first = height;
    else if (transactions.length === 0) rows.push({ first: height, last: height, timeMs, slot });
    else
      rows.push({
        cells: [
          `#${height}`,
          clock(timeMs).slice(11),
          String(slot),
          transactions.map(({ id }, index) => [index === 0 ? '' : ', ', txLink(id)]),
        ],
      });
  }
  return rows.map((row) => {
    if (row.cells !== undefined) return row;
    const { first, last, timeMs, slot } = row;
    return { dim: true, cells: [first === last ? `#${last}` : `#${last} to #${first}`, clock(timeMs).slice(11), String(slot), 'empty'] };
  });
}

// --- one transaction ---

function drawOutput(row, { key, spent }) {
  const origin = row.tx_hash === undefined ? `output ${row.output_index}` : [txLink(row.tx_hash), `#${row.output_index}`];
  const marks = [row.collateral ? 'collateral' : '', row.reference ? 'read only' : ''].filter((mark) => mark !== '');
  return make(
    'div',
    { class: 'output' },
    make(
      'div',
      { class: 'top' },
      make(
        'span',
        { class: 'quiet' },
        origin,
        ' ',
        marks.map((mark) => make('span', { class: 'tag' }, mark)),
      ),
      make('span', { class: 'amount' }, row.amount[0] === undefined ? 'unknown' : amountText(row.amount[0])),
    ),
    row.amount
      .slice(1)
      .map((amount) =>
        make('div', { class: 'top' }, make('span'), make('span', { class: 'amount', title: amount.unit }, amountText(amount))),
      ),
    make('div', { class: 'mono whole quiet' }, row.address),
    row.reference_script_hash === null
      ? ''
      : make(
          'div',
          { class: 'whole' },
          make('span', { class: 'quiet' }, 'holds script '),
          make('span', { class: 'mono' }, row.reference_script_hash),
        ),
    row.inline_datum === null ? '' : folded(`${key}-datum`, `datum, ${plural(row.inline_datum.length / 2, 'byte')}`, row.inline_datum),
    row.inline_datum === null && row.data_hash !== null ? make('div', { class: 'mono whole quiet' }, `datum hash ${row.data_hash}`) : '',
    spent === undefined
      ? ''
      : make('div', { class: 'quiet' }, spent === null ? make('span', { class: 'good' }, 'unspent') : ['spent by ', txLink(spent)]),
  );
}

/** Which folds are open survives a redraw. */
const openFolds = new Set();
function folded(key, title, text) {
  const details = make(
    'details',
    openFolds.has(key) ? { open: 'open' } : null,
    make('summary', null, title),
    make('pre', { class: 'mono' }, text),
  );
  details.addEventListener('toggle', () => (details.open ? openFolds.add(key) : openFolds.delete(key)));
  return details;
}

function budget(value, limit) {
  const share = (Number(value) / limit) * 100;
  const bar = make('progress', { class: 'bar', max: '100', value: String(share), 'aria-label': 'share of the limit' });
  return make('span', null, `${grouped(value)} (${share.toFixed(share < 10 ? 1 : 0)} %)`, bar);
}

function drawTransaction(transaction) {
  const { block } = transaction;
  const state = block === null ? 'waiting for a block' : `in block #${block.height}, ${plural(transaction.confirmations, 'block')} on top`;
  const slots =
    transaction.validFrom === null && transaction.validUntil === null
      ? 'always'
      : `slots ${transaction.validFrom ?? 'any'} to before ${transaction.validUntil ?? 'any'}`;
  const lists = [
    [
      'Minted and burned',
      transaction.mint.map(({ policyId, assetName, quantity }) => [tokenText(policyId, assetName, quantity), policyId]),
    ],
    ['Scripts carried', transaction.scripts.map(({ hash, language, bytes }) => [`${language}, ${grouped(String(bytes))} bytes`, hash])],
    [
      'Scripts published',
      transaction.referenceScripts.map(({ hash, language, bytes, output }) => [
        `output ${output}: ${language}, ${grouped(String(bytes))} bytes`,
        hash,
      ]),
    ],
    ['Required signers', transaction.requiredSigners.map((hash) => ['', hash])],
  ].filter(([, rows]) => rows.length > 0);
  const inputs = transaction.inputs.filter((row) => !row.collateral || !transaction.valid);
  const unusedCollateral = transaction.inputs.length - inputs.length;
  return [
    make('h1', null, 'Transaction'),
    make('p', { class: 'mono whole' }, transaction.id),
    make(
      'div',
      { class: 'card' },
      facts([
        ['State', make('span', { class: block === null ? 'quiet' : 'good' }, state)],
        ...(block === null ? [] : [['Time (UTC)', `${clock(block.timeMs)}, slot ${block.slot}`]]),
        ['Fee', `${ada(transaction.fee)} (${grouped(transaction.fee)} lovelace)`],
        ['Size', `${grouped(String(transaction.sizeBytes))} bytes`],
        ['Valid in', slots],
        ...(transaction.valid ? [] : [['Scripts', make('span', { class: 'bad' }, 'failed: only the collateral was taken')]]),
        ...(unusedCollateral === 0 ? [] : [['Collateral', `${plural(unusedCollateral, 'output')} offered, not taken`]]),
      ]),
    ),
    make(
      'div',
      { class: 'sides' },
      section(
        'Inputs',
        inputs.length,
        inputs.length === 0
          ? make('p', { class: 'nothing' }, 'None: this is the genesis.')
          : inputs.map((row, index) => drawOutput(row, { key: `in${index}` })),
      ),
      section(
        'Outputs',
        transaction.outputs.length,
        transaction.outputs.slice(0, 100).map((row, index) => drawOutput(row, { key: `out${index}`, spent: row.consumed_by_tx })),
      ),
    ),
    transaction.redeemers.length === 0
      ? ''
      : section(
          'Redeemers',
          transaction.redeemers.length,
          table(
            [['Purpose'], ['Script', 'row'], ['Memory'], ['Steps'], ['Data', 'row']],
            transaction.redeemers.map(({ tag, index, memory, steps, data, script }) => ({
              cells: [
                `${tag} ${index}`,
                script === null ? '—' : make('span', { class: 'mono', title: script }, short(script)),
                budget(memory, MEMORY_LIMIT),
                budget(steps, STEP_LIMIT),
                folded(`${tag}${index}`, plural(data.length / 2, 'byte'), data),
              ],
            })),
          ),
        ),
    lists.map(([title, rows]) =>
      section(
        title,
        rows.length,
        rows.map(([text, hash]) => make('div', { class: 'output' }, text, ' ', make('div', { class: 'mono whole quiet' }, hash))),
      ),
    ),
    transaction.metadata.length === 0
      ? ''
      : section(
          'Metadata',
          null,
          make(
            'div',
            { class: 'output' },
            make(
              'pre',
              { class: 'mono' },
              JSON.stringify(Object.fromEntries(transaction.metadata.map(({ label, value }) => [label, value])), null, 2),
            ),
          ),
        ),
    section(
      'Bytes',
      null,
      make('div', { class: 'output' }, folded('cbor', `CBOR, ${grouped(String(transaction.sizeBytes))} bytes`, transaction.cbor)),
    ),
  ];
}

// --- refresh ---

const path = location.pathname.match(/^\/tx\/([0-9a-f]{64})$/);
let drawn = '';

async function ask(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(5_000) });
  return { ok: response.ok, text: await response.text() };
}

async function refresh() {
  const [recent, detail] = await Promise.all([ask('/devnet/recent'), path === null ? null : ask(`/devnet/transactions/${path[1]}`)]);
  if (!recent.ok) throw new Error('no answer');
  const chain = JSON.parse(recent.text);
  asset = chain.asset;
  live.classList.remove('lost');
  liveText.textContent = `block #${chain.tip.height}`;
  const source = detail === null ? recent.text : detail.text;
  // Not while somebody selects text to copy it.
  if (source !== drawn && (document.getSelection()?.isCollapsed ?? true)) {
    drawn = source;
    const content =
      detail === null
        ? drawChain(chain)
        : detail.ok
          ? drawTransaction(JSON.parse(detail.text))
          : [make('h1', null, 'Not here'), make('p', { class: 'whole' }, JSON.parse(detail.text).message)];
    main.replaceChildren(...content.flat(Infinity).filter((part) => part !== ''));
  }
  return chain.blockTimeMs;
}

for (;;) {
  let pauseMs = 2_000;
  try {
    pauseMs = Math.min(5_000, Math.max(500, (await refresh()) / 2));
  } catch {
    live.classList.add('lost');
    liveText.textContent = 'the devnet does not answer';
  }
  await new Promise((resolve) => setTimeout(resolve, pauseMs));
}
