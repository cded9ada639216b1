// docs/protocol.md is the specification: its vectors and its table of codes are what the code does.

import { assertEquals } from "@std/assert";
import { emptyFrame, FrameKind, numberFrame, startFrame } from "../../src/core/wire/frame.ts";
import {
  AcceptorHandshake,
  DialerHandshake,
  encodeRefuse,
  type HandshakeSelf,
} from "../../src/core/channel/handshake.ts";
import {
  DataKind,
  FLAG_ASKS,
  FLAG_STATED,
  MessageWriter,
} from "../../src/core/wire/message_writer.ts";
import { OutboundLog, SegmentPool } from "../../src/core/session/outbound_log.ts";
import { proverOf } from "../../src/connection/proof.ts";
import { CODES, type ErrorCode } from "../../src/errors.ts";
import { pureHash } from "../../src/runtime/hash.ts";
import { hex, unhex } from "../support/bytes.ts";

const SPECIFICATION = await Deno.readTextFile(new URL("../../docs/protocol.md", import.meta.url));

const VECTORS = new Map(
  Array.from(
    SPECIFICATION.matchAll(/```hex ([^\n]+)\n([^`]+)```/g),
    ([, name, digits]) => [name!, hex(unhex(digits!))],
  ),
);

function introduce(name: string, bootId: string, last: number, nonce: number): HandshakeSelf {
  return {
    introduction: {
      role: "peer",
      name,
      bootId,
      ordinal: 1_700_000_000_000_000 + last,
      hostname: `10.0.0.${last}`,
      port: 11_000,
      limits: {
        maxInFlight: 1_024,
        payloadMaxBytes: 16_777_216,
        clientMaxInFlight: 64,
        clientPayloadMaxBytes: 1_048_576,
        creditBytes: 262_144,
        notificationsMax: 1_024,
      },
      heartbeatIntervalMs: 1_000,
      ordinalRises: true,
    },
    prove: proverOf(pureHash, new TextEncoder().encode("secret")),
    nonce: new Uint8Array(16).fill(nonce),
    certificateNames: null,
  };
}

/** Frames as the code writes them, by the names of the vectors. */
function written(): Map<string, string> {
  const frames = new Map<string, string>();
  frames.set("use 7", hex(numberFrame(FrameKind.USE, 7)));
  frames.set("beat", hex(emptyFrame(FrameKind.BEAT)));
  const dialer = new DialerHandshake(
    introduce("SP10", "00112233445566778899aabbccddeeff", 1, 0xa1),
    "SP20",
    () => null,
  );
  const acceptor = new AcceptorHandshake(
    introduce("SP20", "ffeeddccbbaa99887766554433221100", 2, 0xb2),
    () => null,
  );
  const hello = dialer.begin();
  const welcome = acceptor.handleFrame(FrameKind.HELLO, hello.subarray(4));
  if (welcome.kind !== "send") throw new Error(welcome.kind);
  const confirm = dialer.handleFrame(FrameKind.WELCOME, welcome.bytes.subarray(4));
  if (confirm.kind !== "done") throw new Error(confirm.kind);
  frames.set("hello", hex(hello));
  frames.set("welcome", hex(welcome.bytes));
  frames.set("confirm", hex(confirm.bytes));
  frames.set("refuse duplicate", hex(encodeRefuse("duplicate", "a living process has this name")));
  const log = new OutboundLog(new SegmentPool(), false, 1_048_576);
  const take = (name: string) => {
    const range = log.nextRange()!;
    frames.set(name, hex(range));
    log.wrote(range.length, true);
    log.drained();
  };
  const writer = new MessageWriter(log);
  writer.request(0, 1, 5_000, "debit", 1, 0, unhex("aabbccdddd"), null);
  take("request");
  writer.request(1, 1, 5_000, "debit", 1, 2, unhex("aabbcc"), null);
  take("request again, of depth 2");
  writer.request(2, 1, Infinity, "debit", 1, 0, new Uint8Array(0), null);
  take("request without end");
  writer.request(3, 1, 5_000, "debit", 1, 0, unhex("aabbcc"), unhex("01740003616263"));
  take("request with metadata");
  writer.statedRequest(2, 1, 5_000, "debit", 1, FLAG_STATED | FLAG_ASKS, 16_777_216, null);
  take("request of 16 MiB, which asks");
  writer.grant([{ kind: DataKind.REQUEST, slot: 2, generation: 1 }], 1);
  take("grant");
  writer.data(DataKind.REQUEST, 2, 1, unhex("aabbcc"), 0, 3);
  take("data");
  writer.cancel(2, 1);
  take("cancel of what was granted");
  const nothing = new Uint8Array(0);
  writer.error(2, 1, {
    code: "cancelled",
    delivery: "not-executed",
    message: "",
    cause: nothing,
    details: nothing,
  });
  take("error, its answer");
  writer.response(0, 1, 1, 0, unhex("aabbcc"));
  take("response");
  writer.statedResponse(0, 1, 1, FLAG_STATED, 100_000);
  take("response of 100,000 bytes, on credit");
  writer.error(0, 1, {
    code: "handler-failed",
    delivery: "executed",
    message: "no",
    cause: nothing,
    details: unhex("7b7d"),
  });
  take("error");
  writer.credit(131_072, 0, 0, 512);
  take("credit");
  new MessageWriter(log).notification("a", 1, 0, unhex("aabb"), null);
  take("notify");
  frames.set("start 7, closing", hex(startFrame(7, true)));
  return frames;
}

Deno.test("docs/protocol.md: each vector is what the code writes, and each frame has a vector", () => {
  const frames = written();
  assertEquals([...VECTORS.keys()].sort(), [...frames.keys()].sort());
  for (const [name, digits] of VECTORS) assertEquals(frames.get(name), digits, name);
});

Deno.test("docs/protocol.md: the table of kinds is FrameKind", () => {
  const rows = Array.from(
    SPECIFICATION.matchAll(/^\| 0x([0-9a-f]{2}) \| ([A-Z]+) /gm),
    ([, kind, name]) => [name!, parseInt(kind!, 16)] as const,
  );
  assertEquals(Object.fromEntries(rows), { ...FrameKind } as Record<string, number>);
});

Deno.test("docs/protocol.md: the table of codes is the one in errors.ts", () => {
  const listed = Array.from(
    SPECIFICATION.matchAll(/\| (\d+) +\| `([a-z-]+)`/g),
    ([, number, code]) => [code!, Number(number)] as const,
  );
  const own = (Object.keys(CODES) as ErrorCode[]).flatMap((code) => {
    const wire = CODES[code].wire;
    return wire === null ? [] : [[code, wire] as const];
  });
  assertEquals(Object.fromEntries(listed), Object.fromEntries(own));
});
