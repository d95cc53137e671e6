// Address poisoning: an address that shows the same ends as one that the person knows, made to be taken for it.

/** People compare the ends. Four characters of bech32 at each: forty bits, which nobody hits by chance and a grinder hits in hours. */
const HEAD = 4;
const TAIL = 4;

/** Of the data part; its first character says the kind of the address, so that all of a kind share it. */
const ends = (address: string): string => {
  const data = address.slice(address.lastIndexOf('1', 10) + 1);
  return `${data.slice(1, 1 + HEAD)}…${data.slice(-TAIL)}`;
};

/** The known address that this one looks like without being it. */
export const lookAlike = (address: string, known: readonly string[]): string | null =>
  known.includes(address) ? null : (known.find((one) => ends(one) === ends(address)) ?? null);
