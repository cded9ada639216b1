/** The mutants of the channel: who is believed, and what protects the bytes. */

import type { Mutant } from "./list.ts";

/** All of them. */
export const CHANNEL_MUTANTS: readonly Mutant[] = [
  {
    name: "whoever confirms anything is believed",
    file: "core/channel/plain_handshake.ts",
    find: "if (!equalBytes(body, this.#self.nonce)) {",
    replace: "if (body.length !== this.#self.nonce.length) {",
    by: "tests/core/handshake_test.ts",
  },
  {
    name: "whoever welcomes anything is believed",
    file: "core/channel/plain_handshake.ts",
    find: "if (!equalBytes(body.subarray(NONCE_BYTES, 2 * NONCE_BYTES), this.#self.nonce)) {",
    replace: "if (body.length < 2 * NONCE_BYTES) {",
    by: "tests/core/handshake_test.ts",
  },
  {
    name: "whoever says hello is believed, before the third message",
    file: "core/channel/plain_handshake.ts",
    find: `    return { kind: "send", bytes };
  }
}

/** What comes after the preamble`,
    replace: `    return { kind: "done", bytes, remote, ciphers: null };
  }
}

/** What comes after the preamble`,
    by: "tests/core/handshake_test.ts",
  },
  {
    name: "the question whether one may come in makes it a peer, before the third message",
    file: "connection/connection_manager.ts",
    find: "=== null ? undefined : NEWCOMER);",
    replace: "=== null ? undefined : this.#peers.enter(remote, {}));",
    by: "tests/security/bad_input_test.ts",
  },
  {
    name: "a certificate is for a client whatever it calls itself",
    file: "core/channel/handshake.ts",
    find: "if (certificateNames === null || carries(",
    replace: 'if (certificateNames === null || remote.role === "client" || carries(',
    by: "tests/security/tls_test.ts",
  },
  {
    name: "a message that does not open is believed",
    file: "core/channel/noise.ts",
    find: "return this.#symmetric.decryptAndHash(message.subarray(offset)) ?? this.#fail();",
    replace:
      "return this.#symmetric.decryptAndHash(message.subarray(offset)) ?? new Uint8Array(0);",
    by: "tests/core/noise_test.ts",
  },
  {
    name: "the cipher is not bound to the handshake",
    file: "core/channel/noise.ts",
    find: "    this.#symmetric.mixHash(options.prologue);\n",
    replace: "",
    by: "tests/core/noise_test.ts",
  },
  {
    name: "a nonce is used again",
    file: "core/channel/cipher_state.ts",
    find: "    this.#next++;\n    return plaintext.length",
    replace: "    return plaintext.length",
    by: "tests/core/noise_test.ts",
  },
  {
    name: "a session is not bound to its key",
    file: "core/channel/noise_handshake.ts",
    find: "  return { ...remote, bootId, publicKey",
    replace: "  return { ...remote, publicKey",
    by: "tests/core/handshake_test.ts",
  },
  {
    name: "whoever names a first key goes on in its life",
    file: "core/channel/succession.ts",
    find: "return equalBytes(proof, succession.subarray(KEY_BYTES)) ? key : null;",
    replace: "return proof.length === KEY_BYTES ? key : null;",
    by: "tests/core/handshake_test.ts",
  },
  {
    name: "the proof of a first key holds for any other key",
    file: "core/channel/succession.ts",
    find: "return hmacSha256(shared, LABEL, hash, staticKey);",
    replace: "return hmacSha256(shared, LABEL, hash, staticKey.subarray(32));",
    by: "tests/core/handshake_test.ts",
  },
  {
    name: "the proof of a first key holds in any other handshake",
    file: "core/channel/succession.ts",
    find: "return hmacSha256(shared, LABEL, hash, staticKey);",
    replace: "return hmacSha256(shared, LABEL, hash.subarray(32), staticKey);",
    by: "tests/core/handshake_test.ts",
  },
  {
    name: "a first message that came before is answered",
    file: "core/channel/seen_keys.ts",
    find: "      return false;\n",
    replace: "      return true;\n",
    by: "tests/core/handshake_test.ts",
  },
  {
    name: "only the first secret is accepted",
    file: "core/channel/noise_handshake.ts",
    find: "for (const preSharedKey of this.#self.preSharedKeys) {",
    replace: "for (const preSharedKey of this.#self.preSharedKeys.slice(0, 1)) {",
    by: "tests/core/handshake_test.ts",
  },
  {
    name: "whoever is dialled admits what was meant for another one",
    file: "core/link/admission.ts",
    find: "  if (elsewhere !== null) return elsewhere;\n",
    replace: "",
    by: "tests/core/admission_test.ts",
  },
  {
    name: "a record that never ends is a sign of life",
    file: "connection/connection.ts",
    find: "    return nowMs - this.#verifiedMs < UNVERIFIED_DEATHS * deadAfterMs;",
    replace: "    return nowMs - this.#verifiedMs < UNVERIFIED_DEATHS * deadAfterMs * 1_000;",
    by: "attacker",
  },
  {
    name: "others seal where the socket still reads",
    file: "connection/socket_writer.ts",
    find: "    if (!taken) channel.giveRoomAway();\n",
    replace: "",
    by: "cuts",
  },
  {
    name: "the end of the handshake is sealed where the socket had no room for it",
    file: "connection/socket_writer.ts",
    find: "    this.#inClear = this.#control;\n    this.#control = [];\n",
    replace: "",
    by: "tests/connection/socket_writer_test.ts",
  },
  {
    name: "what follows a record that does not open is read",
    file: "core/channel/record.ts",
    find: "    if (plaintext === null) return this.#fail(handler);",
    replace:
      "    if (plaintext === null) {\n      handler.onRecordDefect();\n      return true;\n    }",
    by: "tests/security/attempts_test.ts",
  },
  {
    name: "a record that does not open is passed over",
    file: "core/channel/record.ts",
    find: "    if (plaintext === null) return this.#fail(handler);",
    replace: "    if (plaintext === null) return true;",
    by: "tests/core/noise_test.ts",
  },
  {
    name: "a peer is taken for another one whatever key it holds",
    file: "core/link/admission.ts",
    find: "  if (publicKey !== undefined && !holds(remote, publicKey)) {",
    replace: "  if (publicKey !== undefined && remote.publicKey === undefined) {",
    by: "tests/core/admission_test.ts",
  },
];
