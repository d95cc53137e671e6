// English: what went wrong, by code, and what to do about it. A code without an entry keeps its own message.
export const errors = {
  'job-taken': 'Another page of yours was quicker: an offer of this job is taken already. This page shows where it is now.',
  'decision-made': 'This result is answered already, perhaps by another page of yours. This page shows the answer that counts.',
  'decision-unwanted': 'This result does not wait for an answer any more. This page shows where it is now.',
  'job-cancelled': 'This job is being cancelled already. This page shows where it is now.',
  'offer-gone': 'That offer is not there any more; nothing was locked. Ask the compute providers again.',
  'runner-silent': 'The runner did not answer in time. What was asked may still happen: this page shows only what did.',
};
