// Runs in a plain web page: the bare WebSocket and the bare RTCDataChannel that the network frame is measured against.

interface Bare {
  send(bytes: Uint8Array<ArrayBuffer>): void;
  onBytes: (bytes: number) => void;
  close(): void;
}

const text = (of: string): Uint8Array<ArrayBuffer> => new Uint8Array(new TextEncoder().encode(of));

function openWebSocket(): Promise<Bare> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(location.href.replace('http', 'ws'));
    socket.binaryType = 'arraybuffer';
    const bare: Bare = { send: (bytes) => socket.send(bytes), onBytes: () => undefined, close: () => socket.close() };
    socket.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => bare.onBytes(data.byteLength));
    socket.addEventListener('open', () => resolve(bare));
    socket.addEventListener('error', () => reject(new Error('the bare WebSocket did not open')));
  });
}

async function openChannel(): Promise<Bare> {
  const connection = new RTCPeerConnection({ iceServers: [] });
  const channel = connection.createDataChannel('bare');
  channel.binaryType = 'arraybuffer';
  const opened = new Promise<void>((resolve) => channel.addEventListener('open', () => resolve()));
  await connection.setLocalDescription(await connection.createOffer());
  await new Promise<void>((resolve) => {
    const check = (): void => {
      if (connection.iceGatheringState === 'complete') resolve();
    };
    connection.addEventListener('icegatheringstatechange', check);
    check();
  });
  const answer = await fetch('/offer', { method: 'POST', body: connection.localDescription?.sdp ?? '' });
  await connection.setRemoteDescription({ type: 'answer', sdp: await answer.text() });
  await opened;
  const bare: Bare = { send: (bytes) => channel.send(bytes), onBytes: () => undefined, close: () => connection.close() };
  channel.addEventListener('message', ({ data }: MessageEvent<ArrayBuffer>) => bare.onBytes(data.byteLength));
  return bare;
}

const inPage = {
  /** Connects, echoes 64 bytes so many times, and takes so many bytes in messages of that size (a WebSocket's are 256 KiB). */
  async measure(
    kind: 'ws' | 'webrtc-direct',
    echoes: number,
    bytes: number,
    messageBytes: number,
  ): Promise<{ connectMs: number; echoMs: number[]; transferMs: number }> {
    let started = performance.now();
    const bare = await (kind === 'ws' ? openWebSocket() : openChannel());
    const connectMs = performance.now() - started;
    const echoMs: number[] = [];
    for (let turn = 0; turn < echoes; turn++) {
      started = performance.now();
      const back = new Promise<void>((resolve) => (bare.onBytes = () => resolve()));
      bare.send(new Uint8Array(64));
      await back;
      echoMs.push(performance.now() - started);
    }
    started = performance.now();
    await new Promise<void>((resolve) => {
      let received = 0;
      bare.onBytes = (count) => {
        received += count;
        if (received >= bytes) resolve();
      };
      bare.send(text(`send.${messageBytes}`));
    });
    const transferMs = performance.now() - started;
    bare.close();
    return { connectMs, echoMs, transferMs };
  },
};

export type BarePage = typeof inPage;
Object.assign(globalThis, { nunetBare: inPage });
