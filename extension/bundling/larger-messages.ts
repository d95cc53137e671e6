// Vite plugin for the network frame: WebRTC streams with the message size of the agents (shared/webrtc-messages.ts).
import { LARGER_MESSAGES } from '@nunet/shared/webrtc-messages.ts';
import type { Plugin } from 'vite';

export const largerMessages = (): Plugin => ({
  name: 'nunet:larger-messages',
  transform(code, id) {
    const { file, from, to } = LARGER_MESSAGES;
    if (!file.test(id)) return null;
    if (!code.includes(from)) throw new Error(`${id} says its message size in another way than this plugin knows`);
    return { code: code.replace(from, to), map: null };
  },
});
