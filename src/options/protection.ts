/**
 * What protects connections, checked: secrets, identity, TLS, and what does not go together.
 *
 * @module
 */

import type { PeerDefinition, SecurityOptions } from "../options.ts";
import { identityKey, isPem } from "./identity.ts";
import type { Problems } from "./problems.ts";
import { secretBytes, secretProblem } from "./secret.ts";

/** Checks a secret. @param key Which one. */
export function checkSecret(problems: Problems, key: string, secret: unknown): void {
  const problem = secretProblem(secret);
  if (problem !== null) problems.list.push(`${key}: ${problem}`);
}

/** Checks a list of secrets. */
export function checkSecrets(problems: Problems, secrets: unknown): void {
  if (!Array.isArray(secrets) || secrets.length === 0) {
    // Not even a wrong value is shown: messages end up in logs.
    problems.list.push("secrets: expected an array of secrets: the first is dialled with");
    return;
  }
  for (const [index, secret] of secrets.entries()) {
    checkSecret(problems, `secrets[${index}]`, secret);
  }
}

/** Checks an identity; a file is read at the start. */
export function checkIdentityKey(problems: Problems, identity: unknown): void {
  const isText = typeof identity === "string" && identity !== "";
  if (isText && (!isPem(identity) || identityKey(identity) !== null)) return;
  problems.list.push(
    "identity: expected a private key of X25519 in PEM, or the path of a file with it: " +
      "'freshlink keygen FILE' makes one",
  );
}

/** Checks what must not, or must, stand together. */
export function checkProtection(
  problems: Problems,
  { secret, secrets, identity, tls }: SecurityOptions,
  peers: readonly PeerDefinition[] = [],
): void {
  if (secret !== undefined && secrets !== undefined) {
    problems.list.push("secrets: expected either secret or secrets, found both");
  }
  const isSealed = secret !== undefined || secrets !== undefined || identity !== undefined;
  if (tls !== undefined && isSealed) {
    problems.list.push(
      "tls: expected either tls or secret and identity: they are two ways to seal the same " +
        "bytes, and certificates tell who is there",
    );
  }
  if (isSealed) return;
  for (const [index, { publicKey }] of peers.entries()) {
    if (publicKey === undefined) continue;
    problems.list.push(
      `peers[${index}].publicKey: expected a secret or an identity beside it: ` +
        "nobody proves a key in clear, or in TLS",
    );
  }
}

/** The secrets: the first is dialled with. */
export function secretsOf({ secret, secrets }: SecurityOptions): Uint8Array[] {
  return (secrets ?? (secret === undefined ? [] : [secret])).map(secretBytes);
}
