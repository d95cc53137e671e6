// A log of any length with only its looked-at parts in memory: chunks around the view, the rest is read again when somebody scrolls there.

export const CHUNK_LINES = 1_000;
/** Chunks kept: 12,000 lines of at most 2,000 characters. */
const MAX_CHUNKS = 12;

interface Chunk {
  /** From the chunk's first offset on, without a gap. */
  lines: string[];
  usedAt: number;
}

export class LogWindow {
  #chunks = new Map<number, Chunk>();
  #clock = 0;
  #total = 0;

  /** Lines that the runner keeps, as far as it was told. */
  get total(): number {
    return this.#total;
  }

  /** The runner keeps so many lines. A log never gets shorter. */
  grow(total: number): void {
    this.#total = Math.max(this.#total, total);
  }

  /** Lines from an offset, pushed or read. What would leave a gap is dropped: it is read when it is looked at. */
  put(from: number, lines: readonly string[]): void {
    for (let at = 0; at < lines.length;) {
      const offset = from + at;
      const index = Math.floor(offset / CHUNK_LINES);
      const within = offset % CHUNK_LINES;
      const part = lines.slice(at, at + CHUNK_LINES - within);
      at += part.length;
      const chunk = this.#chunks.get(index) ?? { lines: [], usedAt: 0 };
      if (within > chunk.lines.length) continue;
      chunk.lines.push(...part.slice(chunk.lines.length - within));
      chunk.usedAt = ++this.#clock;
      this.#chunks.set(index, chunk);
    }
    this.grow(from + lines.length);
    while (this.#chunks.size > MAX_CHUNKS) {
      const [oldest] = [...this.#chunks].sort(([, a], [, b]) => a.usedAt - b.usedAt);
      if (oldest !== undefined) this.#chunks.delete(oldest[0]);
    }
  }

  /** Lines first to last, not included; undefined where one is not here yet. */
  slice(first: number, last: number): { offset: number; line: string | undefined }[] {
    return Array.from({ length: Math.max(0, Math.min(last, this.#total) - first) }, (_, i) => {
      const offset = first + i;
      const chunk = this.#chunks.get(Math.floor(offset / CHUNK_LINES));
      if (chunk !== undefined) chunk.usedAt = this.#clock;
      return { offset, line: chunk?.lines[offset % CHUNK_LINES] };
    });
  }

  /** Where to read on, so that the first line of the range that is not here comes; null when all are. */
  missing(first: number, last: number): number | null {
    const gap = this.slice(Math.max(0, first), last).find(({ line }) => line === undefined);
    if (gap === undefined) return null;
    const index = Math.floor(gap.offset / CHUNK_LINES);
    return index * CHUNK_LINES + (this.#chunks.get(index)?.lines.length ?? 0);
  }
}
