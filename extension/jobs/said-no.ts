// A "no" of the runner in words for a person: what happened and what is true now. Codes without an entry keep their own message.

const WORDS: Readonly<Record<string, string>> = {
  'job-taken': 'Another page of yours was quicker: an offer of this job is taken already. This page shows where it is now.',
  'decision-made': 'This result is answered already, perhaps by another page of yours. This page shows the answer that counts.',
  'decision-unwanted': 'This result does not wait for an answer any more. This page shows where it is now.',
  'job-cancelled': 'This job is being cancelled already. This page shows where it is now.',
  'offer-gone': 'That offer is not there any more; nothing was locked. Ask the compute providers again.',
  'runner-silent': 'The runner did not answer in time. What was asked may still happen: this page shows only what did.',
};

export interface SaidNo {
  code: string;
  message: string;
}

export const saidNo = ({ code, message }: SaidNo): SaidNo => ({ code, message: WORDS[code] ?? message });
