// `node edge/verdict-doc.ts` writes docs/verdicts.md from the verdict table; a test proves the committed page fresh.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { VERDICT_TABLE } from './verdict.ts';

export const VERDICTS_PAGE = new URL('../docs/verdicts.md', import.meta.url);

const row = (cells: string[]): string => `| ${cells.join(' | ')} |`;

export const verdictsMarkdown = (): string =>
  [
    '# Verdicts',
    '',
    'Written by `edge/verdict-doc.ts` from the table in [edge/verdict.ts](../edge/verdict.ts), which is the law. The first row that applies',
    'decides. A verdict is a pure function of the signed evidence that the oracles of a lock hold together, and of chain time; the order in',
    'which evidence came never matters. Times are those of the quote.',
    '',
    row(['when', 'verdict', 'decided', 'rule in the attestation']),
    row(['---', '---', '---', '---']),
    ...VERDICT_TABLE.map(({ when, verdict, decided, rules }) =>
      row([when, verdict, decided, rules.map((rule) => `\`${rule}\``).join(', ')]),
    ),
    '',
    'Beside the table:',
    '',
    '- Evidence counts only from the keys that the quote names, for this quote and this lock. A lock counts only if its datum names the quote.',
    '- Pay never leaves the range from 0 to the locked amount, and is never below the highest voucher that the job key has signed. A voucher',
    '  that names a key hash counts so only while the key is with an oracle and no proof stands against what it opens.',
    '- A sealed manifest counts only where sealed was quoted, and only if it commits to key, ciphertext and plaintext. Once its key is with an',
    '  oracle the service provider is given it, and the rows of a dispute and of silence apply as to an open delivery; a replay opens with it.',
    '- A proof of a wrong plaintext counts whoever brings it; it is checked before it is kept, and one is enough.',
    '- What both parties agreed on goes first: an oracle that holds an agreement (voucher, close and, where the voucher asks for it, the key)',
    '  signs no verdict any more, and submits it. If a verdict of others reaches the chain first, that stands.',
    '- "By a deadline" means: the first oracle of the quote had it in hands by then, as its signed receipt says. Oracles then wait an eighth of',
    '  the claim window (`reclaimAfter` minus `disputeBy`), at most two minutes, so that all hold the same pieces, and ask each other once more',
    "  before they sign. Two such waits after a deadline another oracle's receipt is no longer believed.",
    '- A manifest must reach an oracle by `finishBy`. A late one counts only if the service provider acknowledges it.',
    '- `cancel` alone moves nothing: before a job runs the compute provider answers it with a refusal, which refunds at once.',
    '- One decision a lock, for ever: written to the database and to a log on disk before the signature exists. Evidence that comes later is',
    '  kept and changes nothing. If fewer than k oracles agree, nothing is settled and the service provider reclaims after `reclaimAfter`.',
    '- Outputs count as served while the replayer gets all of them within 30 s and 1 s for each 512 KiB, from any address that the compute',
    '  provider told; inputs are fetched first, and without them nothing is said of the outputs. The last answer of the replayer counts.',
    '- Of one kind of evidence an oracle keeps four pieces a lock; two that differ already count against their author. Of vouchers it keeps',
    '  the highest for each key hash, so that nobody can crowd one out; of proofs, one.',
    '',
  ].join('\n');

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeFile(VERDICTS_PAGE, verdictsMarkdown());
