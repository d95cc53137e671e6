// payout: where pay goes, and the wallet's signature for it: shows what to sign, takes what the wallet gave. Holds no wallet key.
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { NunetError } from '@nunet/shared/errors.ts';
import { cardanoAddress } from '@nunet/shared/fields.ts';
import { parsePayoutProof, PAYOUT_LIFETIME_MS, type PayoutSignature, type PayoutStatement } from '@nunet/shared/payout-statement.ts';
import { pathsOf, readConfig, writeConfig, type AgentConfig } from '../config.ts';
import { loadPeerKey } from '../network/identity.ts';
import { payoutPathOf, readPayouts, takePayout } from '../payout-file.ts';
import { nextPayout, payoutSigners } from '../payout-proof.ts';
import { clock } from '../system-clock.ts';
import { parseFlags, required, type Command, type CommandIo } from './flags.ts';
import { DEFAULT_DATA } from './onboard-flags.ts';

const flags = {
  data: { value: 'FOLDER', help: `folder of the agent (${DEFAULT_DATA})` },
  address: { value: 'ADDRESS', help: 'change: the new address, addr_test1...' },
  proof: { value: 'TEXT', many: true, help: 'what the wallet gave, or @FILE; a change needs one of each wallet' },
  json: { help: 'one JSON object' },
} as const;

const usage = `Usage: nunet-agent payout show
       nunet-agent payout prove [--proof TEXT]
       nunet-agent payout change --address ADDRESS [--proof TEXT --proof TEXT]
       nunet-agent payout renew [--proof TEXT]`;

const notes = `The agent works only for an address whose wallet has signed that this agent's pay goes there, so that nobody who can write the configuration alone can redirect pay. Without --proof the command prints the statement: sign it in the NuNet extension (Wallet, More, "Payout address of an agent") or in any wallet that signs data (CIP-8, CIP-30), and give back what it shows.
A change is signed by the new wallet and by the one before. Whoever has lost that wallet moves the data folder away and onboards anew: that is another agent. A running agent takes a change at its next start; locks that exist keep their address.
Exit code: 0 proven, 3 a signature is still wanted.`;

const ACTIONS = ['show', 'prove', 'change', 'renew'] as const;
type Action = (typeof ACTIONS)[number];
/** Exit code while no wallet has signed. */
const UNSIGNED = 3;

interface State {
  config: AgentConfig;
  agent: string;
  last: PayoutStatement | null;
  payoutPath: string;
}

async function stateOf(dataPath: string): Promise<State> {
  const paths = pathsOf(dataPath);
  const config = await readConfig(paths.config);
  const { peerId: agent } = await loadPeerKey(paths.peerKey);
  const payoutPath = payoutPathOf(dataPath);
  const { last } = await readPayouts(payoutPath, { network: config.network, agent });
  return { config, agent, last, payoutPath };
}

const contextOf = ({ config, agent, last }: State) => ({ network: config.network, agent, before: last });

function show({ config, last }: State, json: boolean, io: CommandIo): number {
  const isProven = last !== null && last.address === config.address && last.expiresAt > clock.now();
  const validUntil = last === null ? null : new Date(last.expiresAt).toISOString();
  if (json)
    io.print(
      JSON.stringify({
        address: config.address,
        provenAddress: last?.address ?? null,
        sequence: last?.sequence ?? 0,
        validUntil,
        isProven,
      }),
    );
  else {
    io.print(`Pay goes to ${config.address}`);
    if (last === null) io.print('No wallet has signed for it yet: nunet-agent payout prove');
    else if (last.address !== config.address) io.print(`The wallet signed another one: ${last.address}`);
    else
      io.print(
        `Signed by its wallet: statement ${last.sequence}, valid until ${validUntil}${isProven ? '' : ': it is over, nunet-agent payout renew'}`,
      );
  }
  return isProven ? 0 : UNSIGNED;
}

/** The address that an action is about. Throws `payout-*`, `flag-*`. */
function wantedAddress(action: Action, { config, last }: State, flag: string | undefined): string {
  if (action === 'change') {
    const address = required('payout change', { address: flag }, 'address');
    if (!cardanoAddress.safeParse(address).success)
      throw new NunetError('flag-invalid', 'Cannot change the payout address: --address must be addr_test1..., base or enterprise');
    if (last === null)
      throw new NunetError(
        'payout-unproven',
        'Cannot change the payout address: none is proven yet; onboard with --force, then payout prove',
      );
    return address;
  }
  if (flag !== undefined) throw new NunetError('flag-invalid', `Cannot run payout ${action}: --address belongs to "payout change"`);
  if (action === 'prove' && last !== null)
    throw new NunetError(
      'payout-proven',
      `Cannot prove ${last.address}: it is proven; "payout renew" lengthens it, "payout change" changes it`,
    );
  return last?.address ?? config.address;
}

/** Proofs of the command line: the text, or @FILE. */
export async function proofsGiven(given: readonly string[]): Promise<PayoutSignature[]> {
  return Promise.all(
    given.map(async (text) => parsePayoutProof(text.startsWith('@') ? await readFile(resolve(text.slice(1)), 'utf8') : text)),
  );
}

/** Asks until the text is a proof, or nothing. */
async function askedProof(question: string, io: CommandIo): Promise<PayoutSignature | null> {
  for (;;) {
    const answer = (await io.ask?.(question))?.trim() ?? '';
    if (answer === '') return null;
    try {
      return parsePayoutProof(answer);
    } catch (error) {
      io.warn(`  ${(error as Error).message}`);
    }
  }
}

/** What to do with the statement, in words, and the statement itself. */
export function statementLines(text: string, signers: readonly string[]): string[] {
  return [
    `Sign this statement with the wallet of ${signers[0]}${signers.length > 1 ? ',' : ':'}`,
    ...(signers.length > 1 ? [`and with the wallet of ${signers[1]}:`] : []),
    '',
    text,
    '',
    'In the NuNet extension: Wallet, More, "Payout address of an agent": paste it there, and paste here what it gives.',
  ];
}

export const takeProofs = (
  { payoutPath, config, agent }: State,
  proofs: readonly PayoutSignature[],
  address: string,
): Promise<PayoutStatement> => takePayout(payoutPath, proofs, { network: config.network, agent, address, now: clock.now() });

/** Asks for the signatures of a statement until they are taken; null: left for later. */
export async function askPayout(
  state: State,
  { statement, text }: { statement: PayoutStatement; text: string },
  io: CommandIo,
): Promise<PayoutStatement | null> {
  const signers = payoutSigners(statement);
  for (const line of statementLines(text, signers)) io.print(line);
  for (;;) {
    const proofs: PayoutSignature[] = [];
    for (const signer of signers) {
      const proof = await askedProof(`Proof of ${signer.slice(0, 20)}... (Enter: later): `, io);
      if (proof === null) return null;
      proofs.push(proof);
    }
    try {
      return await takeProofs(state, proofs, statement.address);
    } catch (error) {
      if (!(error instanceof NunetError)) throw error;
      io.warn(`  ${error.message}`);
    }
  }
}

async function run(argv: readonly string[], io: CommandIo): Promise<number> {
  const [name, ...rest] = argv;
  const action = ACTIONS.find((known) => known === name);
  if (action === undefined)
    throw new NunetError(
      'flag-invalid',
      `Cannot run payout: want ${ACTIONS.map((known) => `"payout ${known}"`).join(', ')}, not ${name === undefined ? '"payout" alone' : `"payout ${name.slice(0, 40)}"`}`,
    );
  const given = parseFlags({ name: `payout ${action}`, flags }, rest);
  const dataPath = resolve(given.data ?? DEFAULT_DATA);
  const state = await stateOf(dataPath);
  const json = given.json === true;
  if (action === 'show') return show(state, json, io);
  const address = wantedAddress(action, state, given.address);
  const next = nextPayout(contextOf(state), address, { now: clock.now(), lifetimeMs: PAYOUT_LIFETIME_MS });
  const proofs = await proofsGiven(given.proof ?? []);
  let taken: PayoutStatement | null = null;
  if (proofs.length > 0) {
    taken = await takeProofs(state, proofs, address);
  } else if (json || io.ask === undefined) {
    if (json) io.print(JSON.stringify({ statement: next.text, signers: payoutSigners(next.statement) }));
    else for (const line of statementLines(next.text, payoutSigners(next.statement))) io.print(line);
  } else taken = await askPayout(state, next, io);
  if (taken === null) return UNSIGNED;
  // After the statement: a start between the two refuses, and pays nobody.
  if (taken.address !== state.config.address) await writeConfig(pathsOf(dataPath).config, { ...state.config, address: taken.address });
  return show({ ...state, config: { ...state.config, address: taken.address }, last: taken }, json, io);
}

export const command: Command = {
  name: 'payout',
  summary: 'where pay goes, and the wallet’s signature for it',
  flags,
  usage,
  notes,
  actions: ACTIONS,
  run,
};
