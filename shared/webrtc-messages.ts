// Larger messages on WebRTC streams than js-libp2p's, the same for agents and browsers. It is a constant of the library that also
// stands in the session descriptions that it makes up, so the file is changed as it is loaded (Node) or bundled (browser).

/**
 * 16 KiB is what other languages' libp2p can receive; here both ends are js-libp2p, which receives any size up to the 256 KiB
 * of its channels, so ends with and without the change understand each other. Measured from an agent through the network frame to
 * a page, medians on a busy machine: 6.9 MB/s in messages of 16 KiB, 9.4 MB/s in messages of 64 KiB.
 */
export const LARGER_MESSAGES = {
  file: /\/@libp2p\/webrtc\/dist\/src\/constants\.js$/,
  from: 'MAX_MESSAGE_SIZE = 16 * 1024;',
  to: 'MAX_MESSAGE_SIZE = 64 * 1024;',
};
