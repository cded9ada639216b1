// What stands in for a runtime's cryptography does what that does, byte for byte.

import { assert, assertEquals } from "@std/assert";
import { loadChannel } from "../../src/runtime/host.ts";
import { loadPureAead, loadPureKeyPair } from "../../src/runtime/pure_primitives.ts";

const native = await loadChannel("AESGCM");

/** Bytes that are not all the same. */
const bytes = (count: number, first: number) =>
  Uint8Array.from({ length: count }, (_, at) => first + at);

for (const cipher of ["AESGCM", "ChaChaPoly"] as const) {
  Deno.test(`${cipher}: one seals what the other opens, from nothing to a whole record`, async () => {
    const key = bytes(32, 1);
    const pure = (await loadPureAead(cipher))(key);
    const own = native.aead(cipher, key);
    const nonce = bytes(12, 7);
    for (const length of [0, 1, 15, 16, 17, 65_519]) {
      for (const associated of [new Uint8Array(0), bytes(32, 3)]) {
        const plaintext = bytes(length, 9);
        const [one, other] = [pure, own].map((aead) => {
          const target = new Uint8Array(length + 20);
          aead.seal(nonce, associated, plaintext, target, 4);
          return target.subarray(4);
        });
        assertEquals(one, other, `${length} bytes`);
        assertEquals(own.open(nonce, associated, one!), plaintext);
        assertEquals(pure.open(nonce, associated, other!), plaintext);
        one![0]! ^= 1;
        assertEquals(pure.open(nonce, associated, one!), null);
        assertEquals(own.open(nonce, associated, one!), null);
      }
    }
    assertEquals(pure.open(nonce, nonce, new Uint8Array(15)), null);
  });
}

Deno.test("X25519: the same public keys, the same secrets, and none of a point of small order", async () => {
  const pureKeyPair = await loadPureKeyPair();
  const [one, other] = [bytes(32, 1), bytes(32, 99)];
  assertEquals(pureKeyPair(one).publicKey, native.keyPair(one).publicKey);
  const secret = pureKeyPair(one).agree(native.keyPair(other).publicKey);
  assert(secret !== null);
  assertEquals(secret, native.keyPair(other).agree(pureKeyPair(one).publicKey));
  assertEquals(pureKeyPair(one).agree(new Uint8Array(32)), null);
});
