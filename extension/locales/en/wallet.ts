// English: wallet.
export const wallet = {};
