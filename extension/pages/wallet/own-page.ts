// This document's name for the vault: another page of the wallet is another asker, whose proposal does not replace this one's.
const random = crypto.getRandomValues(new Uint8Array(8));
export const OWN_PAGE: string = `own ${Array.from(random, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
