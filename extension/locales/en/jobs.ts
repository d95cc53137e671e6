// English: jobs.
export const jobs = {};
