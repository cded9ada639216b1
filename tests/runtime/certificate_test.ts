// Whom a certificate names: what its fields hold, and not what a printed line looks like.

import { assert, assertEquals } from "@std/assert";
import { certificateNames, firstCertificate } from "../../src/runtime/certificate.ts";
import { ROOT } from "../../tools/project.ts";

function read(file: string): Uint8Array {
  return firstCertificate(Deno.readTextFileSync(`${ROOT}tests/support/certificates/${file}.pem`))!;
}

const NAMES: Readonly<Record<string, readonly string[]>> = {
  "SP10": ["SP10"],
  "SP10-rsa": ["SP10", "spiffe://example.org/SP10"],
  "host": ["127.0.0.1", "::1", "localhost"],
  "uri": ["spiffe://example.org/SP20"],
  "common-name": ["SP20"],
  "two-common-names": [],
  // One name with commas in it is one name.
  "forged-comma": ["a, DNS:SP20, DNS:b"],
  // A common name beside alternative names counts for nothing, e-mail names never do.
  "forged-mail": [],
  "forged-common-name": ["SP99"],
};

for (const [file, names] of Object.entries(NAMES)) {
  Deno.test(`certificate: the names in ${file} are ${names.join(" and ") || "none"}`, () => {
    assertEquals(certificateNames(read(file)), names);
  });
}

Deno.test("certificate: whatever is cut off, added or changed is no crash, and never more names", () => {
  const good = read("host");
  for (let length = 0; length < good.length; length++) {
    assertEquals(certificateNames(good.subarray(0, length)), null, `${length} bytes`);
  }
  assertEquals(certificateNames(Uint8Array.of(...good, 0)), null, "one byte more");
  let changed = 0;
  for (let at = 0; at < good.length; at++) {
    for (const bit of [0, 3, 5, 7]) {
      const bytes = good.slice();
      bytes[at]! ^= 1 << bit;
      const names = certificateNames(bytes);
      assert(names === null || names.length <= 3, `byte ${at}`);
      if (names === null) changed++;
    }
  }
  assert(changed > 50, `${changed} changes made it unreadable`);
});

Deno.test("certificate: lengths that DER forbids are refused", () => {
  // The same empty sequence with an indefinite length, with one byte too many, with four.
  for (const bytes of [[0x30, 0x80, 0, 0], [0x30, 0x81, 0x00], [0x30, 0x84, 0, 0, 0, 0], [0x1f]]) {
    assertEquals(certificateNames(Uint8Array.from(bytes)), null, bytes.join(" "));
  }
});

Deno.test("certificate: two extensions with alternative names name nobody", () => {
  const der = (tag: number, ...content: number[][]): number[] => {
    const bytes = content.flat();
    const length = bytes.length < 0x80 ? [bytes.length] : [0x81, bytes.length];
    return [tag, ...length, ...bytes];
  };
  const ascii = (text: string) => [...text].map((char) => char.charCodeAt(0));
  const extension = (name: string) =>
    der(
      0x30,
      der(0x06, [0x55, 0x1d, 0x11]),
      der(0x04, der(0x30, der(0x82, ascii(name)))),
    );
  const certificate = (...extensions: number[][]) =>
    Uint8Array.from(der(
      0x30,
      der(
        0x30,
        der(0x02, [1]),
        der(0x30),
        der(0x30),
        der(0x30),
        der(0x30),
        der(0x30),
        der(0xa3, der(0x30, ...extensions)),
      ),
    ));
  assertEquals(certificateNames(certificate(extension("SP10"))), ["SP10"]);
  assertEquals(certificateNames(certificate(extension("SP10"), extension("SP20"))), null);
});

Deno.test("certificate: a text without one has none", () => {
  assertEquals(firstCertificate("nothing"), null);
  assertEquals(firstCertificate("-----BEGIN CERTIFICATE-----\n=\n-----END CERTIFICATE-----"), null);
});
