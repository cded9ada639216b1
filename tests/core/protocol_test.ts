// docs/protocol.md is the specification: its vectors and its table of codes are what the code does.

import { assert, assertEquals } from "@std/assert";
import {
  emptyFrame,
  FrameKind,
  numberFrame,
  startFrame,
  useFrame,
} from "../../src/core/wire/frame.ts";
import { encodeRefuse, type Handshake } from "../../src/core/channel/handshake.ts";
import { NoiseAcceptor, NoiseDialer } from "../../src/core/channel/noise_handshake.ts";
import { PlainAcceptor, PlainDialer } from "../../src/core/channel/plain_handshake.ts";
import { RecordSealer } from "../../src/core/channel/record.ts";
import { SeenKeys } from "../../src/core/channel/seen_keys.ts";
import {
  DataKind,
  FLAG_ASKS,
  FLAG_STATED,
  MessageWriter,
} from "../../src/core/wire/message_writer.ts";
import {
  DONE,
  endOf,
  FLAG_ITEMS,
  FLAG_LENGTH,
  FLAG_MORE,
  FLAG_ONE,
  StreamWriter,
} from "../../src/core/wire/stream_frames.ts";
import { OutboundLog, SegmentPool } from "../../src/core/session/outbound_log.ts";
import { CODES, type ErrorCode } from "../../src/errors.ts";
import { preSharedKeyOf, secretBytes } from "../../src/options/secret.ts";
import { loadChannel } from "../../src/runtime/host.ts";
import { hex, unhex } from "../support/bytes.ts";

const SPECIFICATION = await Deno.readTextFile(new URL("../../docs/protocol.md", import.meta.url));

const VECTORS = new Map(
  Array.from(
    SPECIFICATION.matchAll(/```hex ([^\n]+)\n([^`]+)```/g),
    ([, name, digits]) => [name!, hex(unhex(digits!))],
  ),
);

const primitives = await loadChannel("AESGCM");
const SECRETS = [
  "flsecret1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
  "correct horse battery staple",
];

function keysOf(byte: number) {
  return primitives.keyPair(new Uint8Array(32).fill(byte));
}

function introduce(name: string, bootId: string, last: number, nonce: number) {
  return {
    introduction: {
      role: "peer" as const,
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
        maxStreams: 256,
        clientMaxStreams: 16,
      },
      heartbeatIntervalMs: 1_000,
      ordinalRises: true,
    },
    nonce: new Uint8Array(16).fill(nonce),
    certificateNames: null,
    primitives,
    staticKeys: keysOf(last),
    ephemeralKeys: keysOf(nonce),
    preSharedKeys: [Uint8Array.from({ length: 32 }, (_, index) => index)],
  };
}

const DIALER = introduce("SP10", "00112233445566778899aabbccddeeff", 1, 0xa1);
const ACCEPTOR = introduce("SP20", "ffeeddccbbaa99887766554433221100", 2, 0xb2);
const ANYBODY = { admitsTo: () => null, affords: () => true, admits: () => null };

/** The frames of a handshake, by their names with something behind, and what it ends with. */
function handshakeFrames(
  frames: Map<string, string>,
  dialer: Handshake,
  acceptor: Handshake,
  more: string,
) {
  const hello = dialer.begin();
  const welcome = acceptor.handleFrame(FrameKind.HELLO, hello.subarray(4));
  if (welcome.kind !== "send") throw new Error(welcome.kind);
  const confirm = dialer.handleFrame(FrameKind.WELCOME, welcome.bytes.subarray(4));
  if (confirm.kind !== "done") throw new Error(confirm.kind);
  const end = acceptor.handleFrame(FrameKind.CONFIRM, confirm.bytes.subarray(4));
  if (end.kind !== "done") throw new Error(end.kind);
  frames.set(`hello${more}`, hex(hello));
  frames.set(`welcome${more}`, hex(welcome.bytes));
  frames.set(`confirm${more}`, hex(confirm.bytes));
  return { ciphers: confirm.ciphers, dialerLife: end.remote.bootId };
}

function record(sealer: RecordSealer, frame: Uint8Array): string {
  const target = new Uint8Array(frame.length + 18);
  sealer.seal(frame, target, 0);
  return hex(target);
}

/** Frames as the code writes them, by the names of the vectors. */
function written(): Map<string, string> {
  const frames = new Map<string, string>();
  frames.set("use 7", hex(numberFrame(FrameKind.USE, 7)));
  frames.set("use 7, to a client: session 3", hex(useFrame(7, 3)));
  frames.set("beat", hex(emptyFrame(FrameKind.BEAT)));
  frames.set("ack 7", hex(numberFrame(FrameKind.ACK, 7)));
  frames.set("ping 9", hex(numberFrame(FrameKind.PING, 9)));
  frames.set("pong 9", hex(numberFrame(FrameKind.PONG, 9)));
  frames.set("drain", hex(emptyFrame(FrameKind.DRAIN)));
  const plain = new PlainDialer(DIALER, "SP20", () => null);
  handshakeFrames(frames, plain, new PlainAcceptor(ACCEPTOR, ANYBODY), "");
  const { ciphers, dialerLife } = handshakeFrames(
    frames,
    new NoiseDialer(DIALER, "AESGCM", "SP20", () => null),
    new NoiseAcceptor(ACCEPTOR, ANYBODY, new SeenKeys()),
    ", under the secret",
  );
  frames.set("bootId of the dialer, under the secret", dialerLife);
  const renewed = { ...DIALER, staticKeys: keysOf(3), lifeKeys: DIALER.staticKeys };
  const after = handshakeFrames(
    frames,
    new NoiseDialer(renewed, "AESGCM", "SP20", () => null),
    new NoiseAcceptor(ACCEPTOR, ANYBODY, new SeenKeys()),
    ", of a renewed identity",
  );
  assertEquals(after.dialerLife, dialerLife);
  for (const same of ["hello", "welcome"]) frames.delete(`${same}, of a renewed identity`);
  const sealer = new RecordSealer(ciphers!.send);
  frames.set("first record of the dialer: use 7", record(sealer, numberFrame(FrameKind.USE, 7)));
  frames.set("second record of the dialer: beat", record(sealer, emptyFrame(FrameKind.BEAT)));
  frames.set("refuse duplicate", hex(encodeRefuse("duplicate", "a living process has this name")));
  const log = new OutboundLog(new SegmentPool(), 1_048_576);
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
  writeStreams(writer, log, take);
  frames.set("start 7, closing", hex(startFrame(7, true)));
  return frames;
}

function writeStreams(writer: MessageWriter, log: OutboundLog, take: (name: string) => void) {
  const open = unhex("00010000 0000000000000000 aabbcc");
  const kind = FrameKind.OPEN;
  writer.request(0, 1, 5_000, "debit", 1, 2, open, null, kind);
  take("open 1, of depth 2");
  writer.request(
    0,
    2,
    Infinity,
    "debit",
    1,
    FLAG_ITEMS | FLAG_ONE,
    open.subarray(0, 12),
    null,
    kind,
  );
  take("open 2, whose request is items and whose answer is one");
  const [own, theirs] = [{ number: 2, isOwn: true }, { number: 1, isOwn: false }];
  const streams = new StreamWriter(log);
  streams.item(theirs, 0, unhex("aabb"), 0, 2);
  take("item of 1, opened by the end that gets it");
  streams.item(own, FLAG_MORE | FLAG_LENGTH, unhex("aabbcc"), 0, 2);
  take("item of 2, of 3 bytes, its first 2");
  streams.item(own, 0, unhex("aabbcc"), 2, 3);
  take("item of 2, the rest of it");
  streams.window(own, 131_072);
  take("window of 2");
  streams.stop(theirs);
  take("stop of the items of 1");
  streams.end(own, DONE);
  take("end of 2");
  streams.end(theirs, endOf("handler-failed", "executed", "no"));
  take("end of 1, failed");
}

Deno.test("docs/protocol.md: the keys that secrets stand for", async () => {
  for (const secret of SECRETS) {
    const key = hex(await preSharedKeyOf(secretBytes(secret), primitives));
    const row = new RegExp(`^\\| \`${secret}\` +\\| \`${key}\` +\\|$`, "m");
    assert(row.test(SPECIFICATION), `${secret}: ${key}`);
  }
});

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
