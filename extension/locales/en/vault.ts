// English: vault.
export const vault = {};
