// English: the signing sheet. Every intent in one sentence, every risk as something that a person can act on.
import type { CertificateName, RiskCode } from '../../preview/preview.ts';
import type { Hold } from '../../preview/approve-guard.ts';

/** Facts of a risk as they are written; each is '' where there is none. */
export interface RiskWords {
  address: string;
  like: string;
  amount: string;
  time: string;
  text: string;
  count: number;
  foreign: number;
  of: number;
  percent: number;
}

const some = (count: number, one: string, many: string): string => (count === 1 ? `1 ${one}` : `${count} ${many}`);

const risks: Record<RiskCode, (facts: RiskWords) => string> = {
  'network-mismatch': ({ address }) =>
    address === ''
      ? 'This transaction is for the Cardano mainnet. This wallet is for test networks only, so it cannot be signed here.'
      : `${address} is an address of the Cardano mainnet. Money sent there from a test network would be lost.`,
  'byron-address': ({ address }) =>
    `${address} is an address of the old Byron kind. Few wallets still open it. Ask the recipient for an address that begins with addr_test1.`,
  'unknown-script': ({ address }) =>
    address === ''
      ? 'It runs a contract that this wallet does not know. What the contract allows later cannot be shown here.'
      : `It deals with the contract ${address}, which this wallet does not know. What the contract allows later cannot be shown here.`,
  'foreign-oracles': ({ count }) =>
    `This looks like a NuNet lock, but ${some(count, 'of its oracles is', 'of its oracles are')} not in the network record. Whoever holds those keys could take the money. Do not go on.`,
  'quote-mismatch': () => 'This looks like a NuNet lock, but its terms are not those of a signed quote. Do not go on; ask for a new quote.',
  'quote-missing': () =>
    'This is a NuNet lock, but this wallet has no signed quote to compare it with. Go on only if you know who made it.',
  'datum-missing': ({ count }) =>
    `It pays ${some(count, 'contract', 'contracts')} without a datum. Most contracts never give such money back.`,
  'collateral-at-risk': ({ amount }) => `If a contract fails, you lose the collateral of ${amount} instead.`,
  'no-expiry': () => 'It has no end: whoever holds it, once it is signed, can send it whenever they like.',
  expired: ({ time }) => `It was valid until ${time}, so no block takes it any more. Ask for a new one.`,
  'new-recipient': ({ address, count }) =>
    count > 1
      ? `You have not paid ${count} of these addresses before. Compare them with what you were given.`
      : `You have not paid ${address} before. Compare the whole address with what you were given.`,
  'look-alike-address': ({ address, like }) =>
    `${address} begins and ends like ${like}, which you know, but is another address. Such addresses are made to be taken for yours or for a contact's.`,
  'large-part': ({ percent }) => `That is ${percent} % of what you have.`,
  'empties-wallet': () => 'That is all, or nearly all, of what you have.',
  'foreign-inputs': ({ count, of }) =>
    `${count} of ${some(of, 'input', 'inputs')} belong to somebody else: it takes effect only when they sign too.`,
  'unresolved-inputs': ({ count }) =>
    `${some(count, 'input is', 'inputs are')} not known to the chain. The loss above counts them as yours, so the true one may be smaller.`,
  certificates: ({ count, foreign }) =>
    foreign > 0
      ? `It carries ${some(count, 'certificate', 'certificates')}, ${foreign} of them about keys that are not yours.`
      : `It carries ${some(count, 'certificate', 'certificates')}: they change how your ADA is delegated or who votes with it.`,
  'unknown-certificates': ({ count }) =>
    `It carries ${some(count, 'certificate', 'certificates')} of a kind that this wallet cannot read, so it cannot be signed here.`,
  withdrawals: ({ count, foreign, amount }) =>
    foreign > 0
      ? `It withdraws rewards of ${some(count, 'account', 'accounts')}, ${foreign} of them not yours (${amount} in all).`
      : `It withdraws your staking rewards of ${amount}; look at where they go.`,
  votes: ({ count }) => `It casts ${some(count, 'governance vote', 'governance votes')}.`,
  proposals: ({ count, amount }) => `It makes ${some(count, 'governance proposal', 'governance proposals')} and deposits ${amount}.`,
  donation: ({ amount }) => `It gives ${amount} to the treasury for nothing.`,
  mint: ({ count, foreign }) =>
    foreign > 0
      ? `It makes or burns ${some(count, 'kind of token', 'kinds of tokens')}; ${foreign} of them are burnt from what is spent here.`
      : `It makes or burns ${some(count, 'kind of token', 'kinds of tokens')}. Anybody can name a token after another one.`,
  'high-fee': ({ amount }) => `Its fee is ${amount}; most transactions cost less than 1 ADA.`,
  'foreign-change': ({ address, text }) =>
    text === 'payment'
      ? `${address} opens with your key, but does not carry your staking key: its rewards and votes are somebody else’s or nobody’s. This wallet will not show what lies there.`
      : `${address} carries your staking key, but somebody else's key opens it. It looks like your address and is not.`,
  'burdened-change': ({ count }) =>
    `${some(count, 'output of yours carries', 'outputs of yours carry')} a script; this wallet does not spend such outputs by itself.`,
  'unknown-fields': ({ text }) => `It has fields that this wallet cannot read (${text}), so it cannot be signed here.`,
  'script-data-without-script': () => 'It is bound to what contracts are told, and that was not sent along, so it cannot be shown.',
  'metadata-unseen': () =>
    'It carries metadata that was not sent along or is not bound to it, so what the chain will hold cannot be shown.',
  'odd-encoding': () => 'It is written in an unusual way. Programs may read it differently.',
  'marked-invalid': () => 'It is made to fail: only the collateral would be taken. It cannot be signed here.',
  'hidden-characters': () => 'The text holds characters that cannot be seen or that turn its direction. They are marked with \ufffd.',
  'not-text': () => 'This is not readable text. Sign it only if you know what it is for.',
  'other-site': ({ text, address }) => `The text names the site ${text}, but ${address} asks for it. You would sign in somewhere else.`,
};

const certificates: Record<CertificateName, string> = {
  'stake-registration': 'Register the staking key',
  'stake-deregistration': 'Deregister the staking key',
  'stake-delegation': 'Delegate to a pool',
  'pool-registration': 'Register a pool',
  'pool-retirement': 'Retire a pool',
  'vote-delegation': 'Delegate the vote',
  'stake-vote-delegation': 'Delegate to a pool, and the vote',
  'stake-registration-delegation': 'Register the staking key and delegate to a pool',
  'vote-registration-delegation': 'Register the staking key and delegate the vote',
  'stake-vote-registration-delegation': 'Register the staking key, delegate to a pool, and the vote',
  'committee-authorization': 'Authorise a committee key',
  'committee-resignation': 'Resign from the committee',
  'drep-registration': 'Register as a DRep',
  'drep-deregistration': 'Deregister as a DRep',
  'drep-update': 'Update the DRep',
  unknown: 'Unknown certificate',
};

const holds: Record<Hold, string> = {
  stop: 'This cannot be signed.',
  'not-ready': 'Asking the vault …',
  unread: 'Scroll down to the end first.',
  'just-shown': 'One moment …',
  word: 'Type the word to go on.',
};

export const sheet = {
  title: 'Sign this?',
  titleData: 'Sign this message?',
  asks: (site: string) => `${site} asks`,
  asksItself: 'Your wallet asks',
  account: 'Account',
  network: 'Network',
  numbered: (number: number, of: number) => `Transaction ${number} of ${of}`,
  intent: {
    lock: (amount: string, job: string, until: string) => `Lock ${amount} for the job ${job}, refundable to you after ${until}`,
    lockMore: (k: number, oracles: number, lovelace: string) =>
      `Paid out only when you agree or ${k} of ${oracles} oracles sign; what is not used comes back. ${lovelace} go along for fees and come back as far as they are not used.`,
    lockFor: 'Compute provider',
    pay: (what: string, to: string) => `Pay ${what} to ${to}`,
    payMany: (what: string, count: number) => `Pay ${what} to ${count} addresses`,
    collateral: 'Set 5 ADA apart as collateral',
    move: 'Move your own money within this account',
    reclaim: (amount: string, locks: number) => `Take back ${amount} from ${some(locks, 'lock', 'locks')}`,
    agree: (paid: string, back: string) => `End a job as both sides agreed: ${paid} to the compute provider, ${back} back`,
    settle: (paid: string, back: string) => `End a job as the oracles decided: ${paid} to the compute provider, ${back} back`,
    staking: (what: string) => `Staking: ${what}`,
    withdraw: (amount: string) => `withdraw rewards of ${amount}`,
    governance: (what: string) => `Governance: ${what}`,
    votes: (count: number) => some(count, 'vote', 'votes'),
    proposals: (count: number) => some(count, 'proposal', 'proposals'),
    data: 'Sign a message',
    because: {
      script: 'Unrecognised contract',
      'script-like-ours': 'Unrecognised: a lock at the NuNet contract that does not match the network record',
      mixture: 'Unrecognised: it does several things at once',
      'others-money': 'Unrecognised: it spends other people’s money together with yours',
      'unknown-fields': 'Unrecognised: it holds parts that this wallet cannot read',
      unresolved: 'Unrecognised: it spends what the chain does not know',
    },
  },
  more: (count: number) => `and ${count} more`,
  tokensOf: (count: number) => some(count, 'other token', 'other tokens'),
  effect: 'What changes for you',
  effectNone: 'Nothing changes for you',
  effectTotal: 'What changes for you in all',
  fee: 'Fee, included',
  ifScriptFails: 'Instead, if a contract fails',
  withdrawn: 'Rewards that become spendable',
  deposit: 'Deposit, which you get back later',
  depositBack: 'Deposit that comes back',
  spam: 'Names of tokens are chosen by whoever made them.',
  risks: 'Before you sign',
  noRisks: 'No risk was found.',
  levels: { stop: 'Cannot be signed', confirm: 'Take care', warn: 'Note' },
  risk: risks,
  recipients: 'Goes to',
  copyAddress: 'the address',
  certificatesTitle: 'Certificates',
  certificate: certificates,
  foreignKey: 'not your key',
  pool: 'Pool',
  drep: 'Votes',
  abstain: 'always abstains',
  noConfidence: 'always no confidence',
  votesTitle: 'Votes',
  choice: { no: 'No', yes: 'Yes', abstain: 'Abstain' },
  details: 'Details',
  inputs: 'Spends',
  outputs: 'Makes',
  yours: 'yours',
  contract: 'contract',
  withData: 'with data',
  notKnown: 'not known',
  minted: 'Tokens made or burnt',
  metadata: 'Metadata',
  validFrom: 'Valid from',
  validUntil: 'Valid until',
  forever: 'no end',
  keys: 'Signs with',
  key: { payment: 'payment key', stake: 'staking key', drep: 'DRep key' },
  hash: 'Hash of what is signed',
  raw: 'Raw bytes',
  copyHash: 'the hash',
  copyRaw: 'the bytes',
  message: 'Message',
  messageBytes: (bytes: number) => some(bytes, 'byte', 'bytes'),
  signsAs: 'Signs as',
  claims: 'For the site',
  word: 'sign',
  wordLabel: (word: string) => `Type “${word}” to confirm that you have read this`,
  password: 'Password',
  passwordAgain: 'Your password again: this is a large part of what you have',
  passwordUnlock: 'The wallet is locked. Your password opens it.',
  approve: 'Sign',
  approveAll: (count: number) => (count === 1 ? 'Sign' : `Sign all ${count}`),
  signing: 'Signing …',
  unlock: 'Unlock',
  refuse: 'Refuse',
  again: 'Show again',
  close: 'Close',
  signed: 'Signed.',
  refused: 'Refused. Nothing was signed.',
  failed: 'Nothing was signed.',
  covered: 'That click did not count: something lay over the button, or it came too early. Try again.',
  hold: holds,
  mismatch:
    'What is shown is not what the vault was given. Nothing was signed. Restart the browser; if it happens again, do not use this page.',
};
