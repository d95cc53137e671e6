// `npm run demo:audit`: recomputes every balance of the last demo from its raw transactions and compares with what the demo reported.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatAmount } from '@nunet/shared/amount.ts';
import { balancesOfLedger, type LedgerDump } from './demo/ledger-balances.ts';
import { root } from './run-tool.ts';

interface Report {
  balances: { name: string; role: string; address: string; holds: { lovelace: string; ntx: string } }[];
}

const folder = join(root, '.demo');
if (!existsSync(join(folder, 'ledger.json'))) {
  console.error('There is no demo to audit yet. Run `npm run demo` first.');
  process.exit(1);
}
const { balances } = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as Report;
const ledger = balancesOfLedger(JSON.parse(readFileSync(join(folder, 'ledger.json'), 'utf8')) as LedgerDump);

let differing = 0;
for (const { name, role, address, holds } of balances) {
  const found = ledger.byAddress.get(address) ?? { lovelace: 0n, ntx: 0n };
  const agrees = String(found.lovelace) === holds.lovelace && String(found.ntx) === holds.ntx;
  if (!agrees) differing += 1;
  console.log(
    `${agrees ? 'agrees ' : 'DIFFERS'}  ${name.padEnd(16)} ${role.padEnd(17)} ${formatAmount(found.ntx).padStart(12)} NTX ${formatAmount(found.lovelace).padStart(13)} ADA`,
  );
}
console.log(
  `${ledger.transactions} transactions, ${formatAmount(ledger.fees)} ADA of fees; nothing was spent twice and no value appeared. ` +
    (differing === 0 ? 'The report agrees with the ledger.' : `${differing} balances differ from the report.`),
);
process.exitCode = differing === 0 ? 0 : 1;
