/**
 * Whoever speaks something else, recognized by its first four bytes.
 *
 * No frame of freshlink begins so: these are kinds that it does not have, or bodies above its limit.
 *
 * Source: docs/protocol.md, "Frames".
 *
 * @module
 */

/** What the first bytes of text protocols are. */
const GREETINGS: readonly (readonly [begin: string, what: string])[] = [
  ["HTTP", "HTTP: a web server listens there"],
  ["GET ", "HTTP"],
  ["POST", "HTTP"],
  ["PUT ", "HTTP"],
  ["HEAD", "HTTP"],
  ["OPTI", "HTTP"],
  ["DELE", "HTTP"],
  ["PATC", "HTTP"],
  ["CONN", "HTTP"],
  ["PRI ", "HTTP/2"],
  ["SSH-", "SSH"],
  ["220 ", "SMTP or FTP"],
];

/**
 * What the other end speaks instead, for people.
 *
 * @param bytes The first that arrived.
 * @returns `null` where that is not known, and where it may be freshlink.
 */
export function foreignText(bytes: Uint8Array): string | null {
  if (bytes.length < 4) return null;
  // A record of TLS: its kind, 20 to 23, and its version, 3.0 to 3.4.
  if (bytes[0]! >= 20 && bytes[0]! <= 23 && bytes[1] === 3 && bytes[2]! <= 4) {
    return "the other end speaks TLS, and this one does not: give both ends 'tls', or neither";
  }
  const begin = String.fromCharCode(...bytes.subarray(0, 4));
  const found = GREETINGS.find(([greeting]) => greeting === begin);
  return found === undefined ? null : `the other end speaks ${found[1]}, and not freshlink`;
}
