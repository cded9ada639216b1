import { assert, assertEquals } from "@std/assert";
import {
  decodeRefuse,
  encodeRefuse,
  type Handshake,
  type HandshakeStep,
} from "../../src/core/channel/handshake.ts";
import { SeenKeys } from "../../src/core/channel/seen_keys.ts";
import { FrameKind, HEADER_BYTES } from "../../src/core/wire/frame.ts";
import { provedLife, proveLife } from "../../src/core/channel/succession.ts";
import { type Hello, MAGIC } from "../../src/core/wire/hello.ts";
import { CODES, type ErrorCode } from "../../src/errors.ts";
import { concat, seededRandom, unhex } from "../support/bytes.ts";
import { cheapPrimitives } from "../../src/simulator/channel.ts";
import {
  acceptorOf,
  dialerOf,
  type EndOptions,
  helloOf,
  KINDS,
  shakeHands,
} from "../support/handshakes.ts";

function body(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(HEADER_BYTES);
}

function refusedWith(step: HandshakeStep | null): ErrorCode | null {
  return step?.kind === "refuse" || step?.kind === "refused" ? step.code : null;
}

function helloTo(acceptor: Handshake, bytes: Uint8Array): ErrorCode | null {
  return refusedWith(acceptor.handleFrame(FrameKind.HELLO, bytes));
}

for (const kind of KINDS) {
  Deno.test(`${kind} handshake: both ends learn who the other is, in three frames`, () => {
    const dialer = dialerOf(kind, "SP10", "SP20");
    const acceptor = acceptorOf(kind, "SP20");
    const ends = shakeHands(dialer, acceptor);
    assert(ends.dialer?.kind === "done" && ends.acceptor.kind === "done");
    const { bootId: first, publicKey: key, ...atDialer } = ends.dialer.remote;
    const { bootId: second, publicKey: otherKey, ...atAcceptor } = ends.acceptor.remote;
    assertEquals(
      [key?.length, otherKey?.length],
      kind === "plain" ? [undefined, undefined] : [43, 43],
    );
    const { bootId: ownAcceptor, ...acceptorSelf } = helloOf("SP20");
    const { bootId: ownDialer, ...dialerSelf } = helloOf("SP10");
    assertEquals([atDialer, atAcceptor], [acceptorSelf, dialerSelf]);
    const isTold = first === ownAcceptor && second === ownDialer;
    assertEquals(isTold, kind === "plain", "under a secret a life is bound to its key");
    assertEquals(ends.dialer.ciphers === null, kind === "plain");
    for (const end of [dialer, acceptor]) {
      const late = end.handleFrame(FrameKind.WELCOME, new Uint8Array(0));
      assertEquals(refusedWith(late), "unexpected-frame");
    }
  });

  Deno.test(`${kind} handshake: one that was recorded answers nobody`, () => {
    const recorded: Uint8Array[] = [];
    const seen = new SeenKeys();
    shakeHands(dialerOf(kind, "SP10", "SP20"), acceptorOf(kind, "SP20", { seen }), (bytes) => {
      recorded.push(bytes.slice());
      return bytes;
    });
    const fresh = acceptorOf(kind, "SP20");
    assertEquals(fresh.handleFrame(FrameKind.HELLO, body(recorded[0]!)).kind, "send");
    const confirmed = fresh.handleFrame(FrameKind.CONFIRM, body(recorded[2]!));
    assertEquals(refusedWith(confirmed), "proof-mismatch");
    const dialer = dialerOf(kind, "SP10", "SP20");
    dialer.begin();
    const welcomed = dialer.handleFrame(FrameKind.WELCOME, body(recorded[1]!));
    assertEquals(refusedWith(welcomed), "proof-mismatch");
    // Under a secret the repeated hello is not even worked on.
    const again = helloTo(acceptorOf(kind, "SP20", { seen }), body(recorded[0]!));
    assertEquals(again, kind === "plain" ? null : "proof-mismatch");
  });

  Deno.test(`${kind} handshake: each refusal has its own code`, () => {
    const because = (code: ErrorCode) => ({ admission: { code, detail: "because" } });
    const cases: [ErrorCode, "dialer" | "acceptor", ReturnType<typeof shakeHands>][] = [
      [
        "own-boot-id",
        kind === "plain" ? "acceptor" : "dialer",
        shakeHands(dialerOf(kind, "SP10", "SP20"), acceptorOf(kind, "SP10")),
      ],
      [
        "wrong-recipient",
        "acceptor",
        shakeHands(
          dialerOf(kind, "SP10", "SP21"),
          acceptorOf(kind, "SP20", {
            admissionTo: (to) => to === "SP21" ? { code: "wrong-recipient", detail: "" } : null,
          }),
        ),
      ],
      [
        "unknown-peer",
        "acceptor",
        shakeHands(
          dialerOf(kind, "SP10", "SP20"),
          acceptorOf(kind, "SP20", because("unknown-peer")),
        ),
      ],
      [
        "certificate-mismatch",
        "acceptor",
        shakeHands(
          dialerOf(kind, "SP10", "SP20"),
          acceptorOf(kind, "SP20", { certificateNames: ["SP30"] }),
        ),
      ],
      [
        "wrong-name",
        "dialer",
        shakeHands(
          dialerOf(kind, "SP10", "SP20", because("wrong-name")),
          acceptorOf(kind, "SP20"),
        ),
      ],
      [
        "unsupported-version",
        "acceptor",
        shakeHands(
          dialerOf(kind, "SP10", "SP20"),
          acceptorOf(kind, "SP20"),
          (bytes, index) => {
            if (index === 0) bytes[HEADER_BYTES + 5] = 2;
            return bytes;
          },
        ),
      ],
    ];
    for (const [code, at, ends] of cases) assertEquals(refusedWith(ends[at]), code);
  });

  Deno.test(`${kind} handshake: malformed and truncated frames are refused, never thrown`, () => {
    const hello = body(dialerOf(kind, "SP10", "SP20").begin());
    for (let length = 0; length < hello.length; length++) {
      const code = helloTo(acceptorOf(kind, "SP20"), hello.slice(0, length));
      assert(code === "malformed-frame" || code === "proof-mismatch", `${length}: ${code}`);
    }
    const random = seededRandom(3);
    for (let round = 0; round < 500; round++) {
      const noise = Uint8Array.from({ length: random() * 200 }, () => random() * 256);
      const begin = [...unhex(MAGIC.toString(16)), 0, 1, kind === "plain" ? 0 : 1];
      if (noise.length >= begin.length) noise.set(begin);
      assert(helloTo(acceptorOf(kind, "SP20"), noise) !== null);
      const dialer = dialerOf(kind, "SP10", "");
      dialer.begin();
      assert(refusedWith(dialer.handleFrame(FrameKind.WELCOME, noise)) !== null);
    }
  });

  Deno.test(`${kind} handshake: a REFUSE in place of any frame is what the other end said`, () => {
    const refuse = body(encodeRefuse("duplicate", "I am you"));
    const dialer = dialerOf(kind, "SP10", "SP20");
    dialer.begin();
    const said = dialer.handleFrame(FrameKind.REFUSE, refuse);
    assertEquals(said, { kind: "refused", code: "duplicate", detail: "I am you" });
    const acceptor = acceptorOf(kind, "SP20");
    acceptor.handleFrame(FrameKind.HELLO, body(dialerOf(kind, "SP10", "SP20").begin()));
    assertEquals(acceptor.handleFrame(FrameKind.REFUSE, refuse).kind, "refused");
  });
}

Deno.test("handshake: of two ends only one of which has a secret, either finds out", () => {
  for (const [one, other] of [["plain", "noise"], ["noise", "plain"]] as const) {
    const ends = shakeHands(dialerOf(one, "SP10", "SP20"), acceptorOf(other, "SP20"));
    assertEquals(refusedWith(ends.acceptor), "proof-mismatch", one);
  }
});

Deno.test("handshake: a byte changed anywhere in any of the three frames is found out", () => {
  const random = seededRandom(7);
  for (let round = 0; round < 600; round++) {
    const frame = round % 3;
    const ends = shakeHands(
      dialerOf("noise", "SP10", "SP20"),
      acceptorOf("noise", "SP20"),
      (bytes, index) => {
        if (index !== frame) return bytes;
        const at = HEADER_BYTES + Math.floor(random() * (bytes.length - HEADER_BYTES));
        bytes[at]! ^= 1 << Math.floor(random() * 8);
        return bytes;
      },
    );
    const found = frame === 1 ? ends.dialer : ends.acceptor;
    assert(refusedWith(found) !== null, `frame ${frame} round ${round}`);
  }
});

Deno.test("handshake: any of the secrets is accepted, the first is dialled with", () => {
  const meet = (dialled: readonly number[], accepted: readonly number[]) =>
    shakeHands(
      dialerOf("noise", "SP10", "SP20", { secrets: dialled }),
      acceptorOf("noise", "SP20", { secrets: accepted }),
    ).acceptor.kind === "done";
  assertEquals([meet([1], [1]), meet([1], [2, 1]), meet([1, 2], [2])], [true, true, false]);
});

Deno.test("handshake: nobody goes on as a life whose key it does not hold", () => {
  const lifeOf = (seed: number) => {
    const ends = shakeHands(
      dialerOf("noise", "SP10", "SP20", { seed }),
      acceptorOf("noise", "SP20", { seed: 1 }),
    );
    assert(ends.acceptor.kind === "done");
    return ends.acceptor.remote.bootId;
  };
  assertEquals(lifeOf(2), lifeOf(2));
  assert(lifeOf(2) !== lifeOf(3), "the same bootId was told with two keys");
});

Deno.test("handshake: a life goes on under a renewed key, and only with the one that began it", () => {
  const lifeOf = (dialer: EndOptions, acceptor: EndOptions) => {
    const ends = shakeHands(
      dialerOf("noise", "SP10", "SP20", dialer),
      acceptorOf("noise", "SP20", acceptor),
    );
    const remotes = [ends.dialer, ends.acceptor].map((step) =>
      step?.kind === "done" ? step.remote : null
    );
    return remotes as [Hello | null, Hello | null];
  };
  const [rightBefore, leftBefore] = lifeOf({ seed: 2 }, { seed: 1 });
  const [rightAfter, leftAfter] = lifeOf({ seed: 3, lifeSeed: 2 }, { seed: 4, lifeSeed: 1 });
  for (
    const [before, after] of [[rightBefore, rightAfter], [leftBefore, leftAfter]] as const
  ) {
    assertEquals(after!.bootId, before!.bootId);
    assert(after!.publicKey !== before!.publicKey, "it is known by its new key");
  }
  // Whoever has only heard of the first key, at either end.
  assertEquals(lifeOf({ seed: 3, lifeSeed: 2, claimed: true }, { seed: 1 })[1], null);
  assertEquals(lifeOf({ seed: 2 }, { seed: 4, lifeSeed: 1, claimed: true })[0], null);
});

Deno.test("handshake: the proof of a first key is worth nothing elsewhere, or to another key", () => {
  const primitives = cheapPrimitives;
  const keys = (byte: number) => primitives.keyPair(new Uint8Array(32).fill(byte));
  const [staticKeys, lifeKeys, ephemeralKeys] = [keys(1), keys(2), keys(3)];
  const hash = new Uint8Array(32).fill(9);
  const proof = proveLife({ primitives, staticKeys, lifeKeys }, hash, ephemeralKeys.publicKey)!;
  const check = (
    own = ephemeralKeys,
    transcript = hash,
    key = staticKeys.publicKey,
    told = proof,
  ) => provedLife({ primitives, ephemeralKeys: own }, transcript, key, told);
  assertEquals(check(), lifeKeys.publicKey);
  assertEquals(check(keys(4)), null);
  assertEquals(check(ephemeralKeys, new Uint8Array(32)), null);
  assertEquals(check(ephemeralKeys, hash, keys(5).publicKey), null);
  for (let index = 0; index < proof.length; index++) {
    const changed = proof.slice();
    changed[index]! ^= 1;
    assertEquals(check(ephemeralKeys, hash, staticKeys.publicKey, changed), null);
  }
});

Deno.test("handshake: what cannot be afforded is not answered, and nobody is believed", () => {
  const ends = shakeHands(
    dialerOf("noise", "SP10", "SP20"),
    acceptorOf("noise", "SP20", { affords: false }),
  );
  assertEquals(refusedWith(ends.acceptor), "overloaded");
});

Deno.test("handshake: names and words of others hold nothing that a terminal obeys", () => {
  for (const kind of KINDS) {
    for (const name of ["SP\u001b[2J", "SP\u0085", "SP\n"]) {
      const ends = shakeHands(dialerOf(kind, name, "SP20"), acceptorOf(kind, "SP20"));
      assertEquals(refusedWith(ends.acceptor), "malformed-frame");
    }
  }
  const { detail } = decodeRefuse(body(encodeRefuse("closing", "a\u001b[2Jb\nc")));
  assertEquals(detail, "a\\u{1b}[2Jb\\u{a}c");
});

Deno.test("handshake: whoever knows the secret reads nothing of what two others say", () => {
  const recorded: Uint8Array[] = [];
  shakeHands(dialerOf("noise", "SP10", "SP20"), acceptorOf("noise", "SP20"), (bytes) => {
    recorded.push(bytes);
    return bytes;
  });
  const dialer = dialerOf("noise", "SP10", "SP20");
  dialer.begin();
  const welcome = dialer.handleFrame(FrameKind.WELCOME, body(recorded[1]!));
  const acceptor = acceptorOf("noise", "SP20");
  // The first message opens: it tells whom the dialer means, and nothing else.
  assertEquals(acceptor.handleFrame(FrameKind.HELLO, body(recorded[0]!)).kind, "send");
  const confirm = acceptor.handleFrame(FrameKind.CONFIRM, body(recorded[2]!));
  assertEquals([refusedWith(welcome), refusedWith(confirm)], ["proof-mismatch", "proof-mismatch"]);
});

Deno.test("handshake: nothing that an end is called is in clear", () => {
  const names = ["SP10", "SP20", "10.0.0.1"];
  let frames = 0;
  shakeHands(dialerOf("noise", "SP10", "SP20"), acceptorOf("noise", "SP20"), (bytes) => {
    const text = String.fromCharCode(...bytes);
    for (const name of names) assert(!text.includes(name), `${name} in frame ${frames}`);
    frames++;
    return bytes;
  });
  assertEquals(frames, 3);
});

Deno.test("the keys that came lately are known; the oldest is forgotten first", () => {
  const seen = new SeenKeys(2);
  const key = (byte: number) => new Uint8Array(32).fill(byte);
  const told = [1, 2, 1, 3, 1, 2].map((byte) => seen.add(key(byte)));
  assertEquals(told, [true, true, false, true, false, true]);
});

Deno.test("REFUSE carries every code that has a number, and an unknown number is told apart", () => {
  for (const code of Object.keys(CODES) as ErrorCode[]) {
    if (CODES[code].wire === null) continue;
    const { code: read, detail } = decodeRefuse(body(encodeRefuse(code, "ä detail")));
    assertEquals([read, detail], [code, "ä detail"]);
  }
  assertEquals(decodeRefuse(Uint8Array.of(0xff, 0xff)).code, "malformed-frame");
  assertEquals(decodeRefuse(concat([Uint8Array.of(1)])).code, "malformed-frame");
});
