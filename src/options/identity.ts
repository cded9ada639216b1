/**
 * Identities: lasting key pairs, as files have them (PKCS #8 in PEM), and the public keys by which
 * peers know them (base64url).
 *
 * @module
 */

import { keyText } from "../core/channel/noise_handshake.ts";
import type { Runtime } from "../runtime/runtime.ts";

const KEY_BYTES = 32;

/** What stands before the 32 bytes of an X25519 private key in DER (RFC 8410). */
const PREFIX: readonly number[] = Object.freeze([
  ...[0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x04, 0x22],
  ...[0x04, 0x20],
]);

const PEM = /-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----/;

/** A public key as definitions carry it: 43 letters of base64url. */
export const PUBLIC_KEY_PATTERN = /^[A-Za-z0-9_-]{43}$/;

/** Whether an `identity` is the key itself, and not the path of a file with it. */
export function isPem(identity: string): boolean {
  return identity.includes("-----BEGIN ");
}

/** A new identity: what its file holds, and what the definitions of its peers carry. */
export async function newIdentity(
  runtime: Runtime,
): Promise<{ readonly pem: string; readonly publicKey: string }> {
  const privateKey = runtime.random.bytes(KEY_BYTES);
  const { publicKey } = (await runtime.loadChannel()).keyPair(privateKey);
  return { pem: identityPem(privateKey), publicKey: keyText(publicKey) };
}

/** A private key as a file has it. */
export function identityPem(privateKey: Uint8Array): string {
  const der = Uint8Array.from([...PREFIX, ...privateKey]);
  const text = btoa(String.fromCharCode(...der));
  return `-----BEGIN PRIVATE KEY-----\n${text}\n-----END PRIVATE KEY-----\n`;
}

/** The 32 bytes of a private key; `null` where the text has none of X25519. */
export function identityKey(pem: string): Uint8Array | null {
  const digits = PEM.exec(pem)?.[1]?.replaceAll(/\s/g, "");
  if (digits === undefined) return null;
  let der: Uint8Array;
  try {
    der = Uint8Array.from(atob(digits), (letter) => letter.charCodeAt(0));
  } catch {
    return null;
  }
  const isX25519 = der.length === PREFIX.length + KEY_BYTES &&
    PREFIX.every((byte, index) => der[index] === byte);
  return isX25519 ? der.slice(PREFIX.length) : null;
}
