// When a libp2p node gives a silent connection up; one setting for agents and browsers.

/**
 * libp2p's ping waits behind the megabytes that are on their way, and by default ends the connection after 5 s: measured, a
 * transfer at 4 MB/s was cut off in the middle. A peer that died is noticed sooner anyway, by TCP or by ICE after 6 s.
 */
export const CONNECTION_MONITOR = { pingTimeout: { minTimeout: 20_000 } };
