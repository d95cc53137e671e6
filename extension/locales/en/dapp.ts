// English: dapp.
export const dapp = {};
