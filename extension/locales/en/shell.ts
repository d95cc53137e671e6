// English: the frame of the dashboard, and the words of the components that every page uses.
export const shell = {
  parts: {
    back: 'Back',
    close: 'Close',
    closeMessage: 'Close this message',
    copy: (what: string) => `Copy ${what}`,
    copied: (what: string) => `Copied ${what}`,
    showWhole: (what: string, short: string) => `Show ${what} whole: ${short}`,
    showLess: (what: string) => `Show ${what} short`,
    showPassword: 'Show the password',
    hidePassword: 'Hide the password',
    stepDone: ', done',
  },
};
