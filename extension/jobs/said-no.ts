// A "no" of the runner in words for a person: what happened and what is true now. Codes without an entry keep their own message.

const WORDS: Readonly<Record<string, string>> = {
  'job-taken': 'Another page of yours was quicker: an offer of this job is taken already. This page shows where it is now.',
  'job-decided': 'This result is answered already, by another page of yours or by its own check. This page shows the answer that counts.',
  'job-cancelled': 'This job is being cancelled already. This page shows where it is now.',
  'job-not-found': 'This browser does not keep that job (any more).',
  'cancel-late': 'It runs already: it can be disputed when it has ended, not cancelled.',
  'decision-late': 'The time to answer is over. Silence pays the compute provider.',
  'quote-expired': 'That offer has expired; nothing was locked. Ask the compute providers again.',
  'runner-silent': 'The runner did not answer in time. What was asked may still happen: this page shows only what did.',
};

export interface SaidNo {
  code: string;
  message: string;
}

export const saidNo = ({ code, message }: SaidNo): SaidNo => ({ code, message: WORDS[code] ?? message });
