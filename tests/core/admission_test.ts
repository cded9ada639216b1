// Whom an endpoint admits, before anything is answered.

import { assertEquals } from "@std/assert";
import { admit, admitAs, type Admitting } from "../../src/core/link/admission.ts";
import type { Hello } from "../../src/core/wire/hello.ts";

const LIMITS = {
  maxInFlight: 4,
  payloadMaxBytes: 100,
  clientMaxInFlight: 4,
  clientPayloadMaxBytes: 100,
  creditBytes: 1_000,
  notificationsMax: 4,
  maxStreams: 16,
  clientMaxStreams: 4,
};

function hello(name: string, role: "peer" | "client" = "peer"): Hello {
  return {
    role,
    name,
    bootId: name,
    ordinal: 1,
    ordinalRises: false,
    hostname: "10.0.0.1",
    port: 7,
    heartbeatIntervalMs: 1_000,
    limits: LIMITS,
  };
}

const OPEN: Admitting = {
  self: hello("M"),
  isClosing: false,
  holdsSession: () => false,
  admitAtLink: () => null,
};

Deno.test("admit: whoever is closing admits nobody, not even a client", () => {
  const closing = { ...OPEN, isClosing: true };
  assertEquals(admit(closing, hello("A"), "M")?.code, "closing");
  assertEquals(admit(closing, hello("C", "client"), "")?.code, "closing");
});

Deno.test("admit: whoever is closing still admits the life with which a session is held", () => {
  const closing = { ...OPEN, isClosing: true, holdsSession: ({ name }: Hello) => name === "A" };
  assertEquals(admit(closing, hello("A"), "M"), null);
  assertEquals(admit(closing, hello("B"), "M")?.code, "closing");
  assertEquals(admit(closing, hello("A", "client"), ""), null);
});

Deno.test("admit: the dialer means this name or this address; only a client may mean anybody", () => {
  assertEquals(admit(OPEN, hello("A"), "M"), null);
  assertEquals(admit(OPEN, hello("A"), "10.0.0.1:7"), null);
  assertEquals(admit(OPEN, hello("A"), "N")?.code, "wrong-recipient");
  assertEquals(admit(OPEN, hello("A"), "")?.code, "wrong-recipient");
  assertEquals(admit(OPEN, hello("C", "client"), ""), null);
  assertEquals(admit(OPEN, hello("C", "client"), "N")?.code, "wrong-recipient");
});

Deno.test("admit: whoever comes needs a link, which may refuse it", () => {
  const alone = { ...OPEN, admitAtLink: () => undefined };
  assertEquals(admit(alone, hello("A"), "M")?.code, "unknown-peer");
  assertEquals(admit(alone, hello("C", "client"), "M")?.code, "unknown-peer");
  const refused = { code: "wrong-name", detail: "" } as const;
  assertEquals(admit({ ...OPEN, admitAtLink: () => refused }, hello("A"), "M"), refused);
});

Deno.test("admitAs: who is known by its address needs a certificate for that address", () => {
  const role = "peer";
  const expected = {
    own: "M",
    role,
    name: "10.0.0.1:7",
    place: "10.0.0.1:7",
    present: null,
  } as const;
  assertEquals(admitAs(expected, hello("A"), null), null);
  assertEquals(admitAs(expected, hello("A"), ["A", "10.0.0.1"]), null);
  assertEquals(admitAs(expected, hello("A"), ["A"])?.code, "certificate-mismatch");
  assertEquals(admitAs({ ...expected, name: "A", place: null }, hello("A"), ["B"]), null);
});

Deno.test("admitAs: who is known by its key must hold it, whatever its name", () => {
  const role = "peer";
  const expected = {
    own: "M",
    role,
    name: "A",
    place: null,
    present: null,
    publicKey: "one",
  } as const;
  assertEquals(admitAs(expected, { ...hello("A"), publicKey: "one" }, null), null);
  const both = { ...expected, publicKey: ["one", "next"] };
  assertEquals(admitAs(both, { ...hello("A"), publicKey: "next" }, null), null);
  assertEquals(admitAs(both, { ...hello("A"), publicKey: "other" }, null)?.code, "key-mismatch");
  for (const remote of [hello("A"), { ...hello("A"), publicKey: "other" }]) {
    assertEquals(admitAs(expected, remote, null)?.code, "key-mismatch");
  }
});

Deno.test("admitAs: a client's life is who it was before; a client may take any endpoint", () => {
  const client = { own: "M", role: "client", name: "desk", place: null, present: null } as const;
  assertEquals(admitAs(client, hello("desk", "client"), ["desk"]), null);
  assertEquals(admitAs(client, hello("till", "client"), null)?.code, "wrong-name");
  assertEquals(admitAs(client, hello("desk"), null)?.code, "wrong-name");
  const anybody = { ...client, role: "peer", name: null } as const;
  assertEquals(admitAs(anybody, hello("B"), null), null);
  assertEquals(admitAs(anybody, hello("B", "client"), null)?.code, "wrong-name");
  assertEquals(admitAs({ ...anybody, present: "A" }, hello("B"), null)?.code, "wrong-name");
});
