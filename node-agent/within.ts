// Waits for work that has to be given up some time: closing what may never close.

/** Resolves when the work does, or after `ms`; rejects when the work does before that. */
export async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  try {
    await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
