// Frames between the agent and its confined child: 4 bytes length (little endian), 1 byte kind, payload. Runs on both sides.

/** Raw file bytes, or one JSON message. */
export const CHUNK = 1;
export const MESSAGE = 2;
export type FrameKind = typeof CHUNK | typeof MESSAGE;

export const MAX_CHUNK_BYTES = 256 * 1024;
export const MAX_MESSAGE_BYTES = 256 * 1024;

export interface Frame {
  readonly kind: FrameKind;
  readonly payload: Uint8Array;
}

export function frameHeader(kind: FrameKind, payloadBytes: number): Uint8Array {
  const header = new Uint8Array(5);
  new DataView(header.buffer).setUint32(0, payloadBytes, true);
  header[4] = kind;
  return header;
}

export const messageFrame = (message: unknown): Uint8Array => {
  const payload = new TextEncoder().encode(JSON.stringify(message));
  const frame = new Uint8Array(5 + payload.length);
  frame.set(frameHeader(MESSAGE, payload.length));
  frame.set(payload, 5);
  return frame;
};

/** Bytes in any pieces -> frames. Throws on an impossible header before it keeps a byte of the frame. */
export class FrameReader {
  #pieces: Uint8Array[] = [];
  #buffered = 0;

  /** Frames that `piece` completes. Payloads may be views into it: use them before the next call. */
  *push(piece: Uint8Array): Generator<Frame> {
    this.#pieces.push(piece);
    this.#buffered += piece.length;
    while (this.#buffered >= 5) {
      const header = this.#peek();
      const length = new DataView(header.buffer, header.byteOffset, 5).getUint32(0, true);
      const kind = header[4];
      const most = kind === CHUNK ? MAX_CHUNK_BYTES : kind === MESSAGE ? MAX_MESSAGE_BYTES : -1;
      if (length > most || (kind !== CHUNK && kind !== MESSAGE)) throw new Error(`frame of kind ${kind} and ${length} bytes`);
      if (this.#buffered < 5 + length) return;
      yield { kind, payload: this.#take(5 + length).subarray(5) };
    }
  }

  #peek(): Uint8Array {
    const [first] = this.#pieces;
    if (first !== undefined && first.length >= 5) return first;
    this.#merge();
    return this.#pieces[0] ?? new Uint8Array(5);
  }

  #take(bytes: number): Uint8Array {
    if ((this.#pieces[0]?.length ?? 0) < bytes) this.#merge();
    const first = this.#pieces[0] ?? new Uint8Array(0);
    const taken = first.subarray(0, bytes);
    if (first.length === bytes) this.#pieces.shift();
    else this.#pieces[0] = first.subarray(bytes);
    this.#buffered -= bytes;
    return taken;
  }

  #merge(): void {
    const all = new Uint8Array(this.#buffered);
    let at = 0;
    for (const piece of this.#pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    this.#pieces = [all];
  }
}
