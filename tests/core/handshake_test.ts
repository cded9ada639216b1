import { assert, assertEquals } from "@std/assert";
import { FrameKind, HEADER_BYTES } from "../../src/core/wire/frame.ts";
import {
  AcceptorHandshake,
  decodeRefuse,
  DialerHandshake,
  encodeRefuse,
  type HandshakeSelf,
  type HandshakeStep,
} from "../../src/core/channel/handshake.ts";
import { type Hello, MAGIC } from "../../src/core/wire/hello.ts";
import { proverOf } from "../../src/connection/proof.ts";
import { CODES, type ErrorCode } from "../../src/errors.ts";
import { pureHash } from "../../src/runtime/hash.ts";
import { seededRandom, unhex } from "../support/bytes.ts";

const LIMITS = {
  maxInFlight: 1_024,
  payloadMaxBytes: 16_777_216,
  clientMaxInFlight: 64,
  clientPayloadMaxBytes: 1_048_576,
  creditBytes: 262_144,
  notificationsMax: 1_024,
};

function self(name: string, more: Partial<HandshakeSelf> = {}, who: Partial<Hello> = {}) {
  const introduction: Hello = {
    role: "peer",
    name,
    bootId: name.charCodeAt(3).toString(16).padStart(32, "0"),
    ordinal: 1_700_000_000_000_000,
    hostname: "10.0.0.1",
    port: 11_000,
    limits: LIMITS,
    heartbeatIntervalMs: 1_000,
    ordinalRises: false,
    ...who,
  };
  return {
    introduction,
    prove: proverOf(pureHash, new TextEncoder().encode("correct horse")),
    nonce: new Uint8Array(16).fill(name.charCodeAt(3)),
    certificateNames: null,
    ...more,
  };
}

const admitAll = () => null;

function body(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(HEADER_BYTES);
}

/** Runs a handshake to its end; returns what each end came to. */
function run(
  dialer: DialerHandshake,
  acceptor: AcceptorHandshake,
  tamper: (bytes: Uint8Array, index: number) => Uint8Array = (bytes) => bytes,
): { dialer: HandshakeStep | null; acceptor: HandshakeStep | null } {
  const hello = tamper(dialer.begin().slice(), 0);
  let atAcceptor = acceptor.handleFrame(hello[0]!, body(hello));
  if (atAcceptor.kind !== "send") {
    if (atAcceptor.kind !== "refuse") return { dialer: null, acceptor: atAcceptor };
    return {
      dialer: dialer.handleFrame(atAcceptor.bytes[0]!, body(atAcceptor.bytes)),
      acceptor: atAcceptor,
    };
  }
  const welcome = tamper(atAcceptor.bytes.slice(), 1);
  const atDialer = dialer.handleFrame(welcome[0]!, body(welcome));
  if (atDialer.kind === "done" || atDialer.kind === "refuse") {
    const last = tamper(atDialer.bytes.slice(), 2);
    atAcceptor = acceptor.handleFrame(last[0]!, body(last));
  }
  return { dialer: atDialer, acceptor: atAcceptor };
}

function refusedWith(step: HandshakeStep | null): ErrorCode | null {
  return step?.kind === "refuse" || step?.kind === "refused" ? step.code : null;
}

Deno.test("handshake: both ends learn who the other is, and only after its proof", () => {
  const dialer = new DialerHandshake(self("SP10"), "SP20", admitAll);
  const acceptor = new AcceptorHandshake(self("SP20", {}, { bootId: "b".repeat(32) }), admitAll);
  const ends = run(dialer, acceptor);
  assert(ends.dialer?.kind === "done" && ends.acceptor?.kind === "done");
  assertEquals(ends.dialer.remote, self("SP20", {}, { bootId: "b".repeat(32) }).introduction);
  assertEquals(ends.acceptor.remote, self("SP10").introduction);
  assertEquals(
    refusedWith(dialer.handleFrame(FrameKind.WELCOME, new Uint8Array(0))),
    [
      "unexpected-frame",
    ][0],
  );
  assertEquals(
    refusedWith(acceptor.handleFrame(FrameKind.HELLO, new Uint8Array(0))),
    "unexpected-frame",
  );
});

Deno.test("handshake: another secret is found out at either end, before any state changes", () => {
  const wrong = { prove: proverOf(pureHash, new TextEncoder().encode("battery staple")) };
  const other = { bootId: "b".repeat(32) };
  const ends = run(
    new DialerHandshake(self("SP10"), "SP20", admitAll),
    new AcceptorHandshake(self("SP20", wrong, other), admitAll),
  );
  assertEquals(refusedWith(ends.dialer), "proof-mismatch");
  assertEquals(ends.acceptor?.kind, "refused");
});

Deno.test("handshake: a byte changed anywhere in any of the three frames is found out", () => {
  const random = seededRandom(7);
  for (let round = 0; round < 300; round++) {
    const frame = round % 3;
    let changed = false;
    const ends = run(
      new DialerHandshake(self("SP10"), "SP20", admitAll),
      new AcceptorHandshake(self("SP20", {}, { bootId: "b".repeat(32) }), admitAll),
      (bytes, index) => {
        if (index !== frame || bytes[0] === FrameKind.REFUSE) return bytes;
        const at = HEADER_BYTES + Math.floor(random() * (bytes.length - HEADER_BYTES));
        bytes[at]! ^= 1 << Math.floor(random() * 8);
        changed = true;
        return bytes;
      },
    );
    assert(changed);
    const bothDone = ends.dialer?.kind === "done" && ends.acceptor?.kind === "done";
    assert(!bothDone, `frame ${frame} round ${round}`);
  }
});

Deno.test("handshake: a hello replayed from a dead machine's buffer cannot answer the nonce", () => {
  const dialer = new DialerHandshake(self("SP10"), "SP20", admitAll);
  const recorded: Uint8Array[] = [];
  const other = { bootId: "b".repeat(32) };
  run(dialer, new AcceptorHandshake(self("SP20", {}, other), admitAll), (bytes) => {
    recorded.push(bytes.slice());
    return bytes;
  });
  const fresh = new AcceptorHandshake(
    self("SP20", { nonce: new Uint8Array(16).fill(0x77) }, other),
    admitAll,
  );
  assertEquals(fresh.handleFrame(FrameKind.HELLO, body(recorded[0]!)).kind, "send");
  const confirmed = fresh.handleFrame(FrameKind.CONFIRM, body(recorded[2]!));
  assertEquals(refusedWith(confirmed), "proof-mismatch");
});

Deno.test("handshake: each refusal has its own code, and the other end hears it", () => {
  const other = { bootId: "b".repeat(32) };
  const refuseWith = (code: ErrorCode) => () => ({ code, detail: "because" });
  const cases: [ErrorCode, () => ReturnType<typeof run>][] = [
    ["own-boot-id", () =>
      run(
        new DialerHandshake(self("SP10"), "SP20", admitAll),
        new AcceptorHandshake(self("SP10"), admitAll),
      )],
    ["wrong-recipient", () =>
      run(
        new DialerHandshake(self("SP10"), "SP21", admitAll),
        new AcceptorHandshake(self("SP20", {}, other), (_, to) => {
          assertEquals(to, "SP21");
          return { code: "wrong-recipient", detail: "" };
        }),
      )],
    ["unknown-peer", () =>
      run(
        new DialerHandshake(self("SP10"), "SP20", admitAll),
        new AcceptorHandshake(self("SP20", {}, other), refuseWith("unknown-peer")),
      )],
    ["certificate-mismatch", () =>
      run(
        new DialerHandshake(self("SP10"), "SP20", admitAll),
        new AcceptorHandshake(self("SP20", { certificateNames: ["SP30"] }, other), admitAll),
      )],
    ["unsupported-version", () =>
      run(
        new DialerHandshake(self("SP10"), "SP20", admitAll),
        new AcceptorHandshake(self("SP20", {}, other), admitAll),
        (bytes, index) => {
          if (index === 0) bytes[HEADER_BYTES + 5] = 2;
          return bytes;
        },
      )],
  ];
  for (const [code, play] of cases) {
    const ends = play();
    assertEquals(refusedWith(ends.acceptor), code);
    assertEquals(ends.dialer?.kind, "refused", code);
    assertEquals(refusedWith(ends.dialer), code);
  }
});

Deno.test("handshake: the dialer refuses whoever is not the one it meant", () => {
  const ends = run(
    new DialerHandshake(self("SP10"), "SP20", () => ({ code: "wrong-name", detail: "" })),
    new AcceptorHandshake(self("SP20", {}, { bootId: "b".repeat(32) }), admitAll),
  );
  assertEquals(refusedWith(ends.dialer), "wrong-name");
  assertEquals(refusedWith(ends.acceptor), "wrong-name");
});

Deno.test("handshake: malformed and truncated frames are refused, never thrown", () => {
  const hello = new DialerHandshake(self("SP10"), "SP20", admitAll).begin();
  const random = seededRandom(3);
  for (let length = 0; length < hello.length - HEADER_BYTES; length++) {
    const acceptor = new AcceptorHandshake(self("SP20"), admitAll);
    const cut = body(hello).subarray(0, length);
    assertEquals(refusedWith(acceptor.handleFrame(FrameKind.HELLO, cut)), "malformed-frame");
  }
  for (let round = 0; round < 500; round++) {
    const noise = Uint8Array.from({ length: Math.floor(random() * 200) }, () => random() * 256);
    if (noise.length >= 6) {
      noise.set(unhex(MAGIC.toString(16)));
      noise.set([0, 1], 4);
    }
    new AcceptorHandshake(self("SP20"), admitAll).handleFrame(FrameKind.HELLO, noise);
    new DialerHandshake(self("SP10"), "", admitAll).handleFrame(FrameKind.WELCOME, noise);
  }
});

Deno.test("REFUSE carries every code that has a number, and an unknown number is told apart", () => {
  for (const code of Object.keys(CODES) as ErrorCode[]) {
    if (CODES[code].wire === null) continue;
    const { code: read, detail } = decodeRefuse(body(encodeRefuse(code, "ä detail")));
    assertEquals([read, detail], [code, "ä detail"]);
  }
  assertEquals(decodeRefuse(Uint8Array.of(0xff, 0xff)).code, "malformed-frame");
  assertEquals(decodeRefuse(new Uint8Array(1)).code, "malformed-frame");
});
