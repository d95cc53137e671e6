// English: sheet.
export const sheet = {};
