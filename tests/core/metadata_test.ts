// Metadata beside a payload: what both ends make of it, and of metadata that nobody should send.

import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { HandlerRegistry, type HandlingOwner } from "../../src/calls/handler_registry.ts";
import { Interceptors } from "../../src/calls/interceptors.ts";
import { bytesCodec } from "../../src/codec.ts";
import { FrameKind, PIECE_MAX_BYTES } from "../../src/core/wire/frame.ts";
import {
  decodeMetadata,
  encodeMetadata,
  type Metadata,
  METADATA_MAX_BYTES,
} from "../../src/core/wire/metadata.ts";
import type { ErrorCode, RequestError } from "../../src/errors.ts";
import { unhex } from "../support/bytes.ts";
import { SessionPair, TestNotification, TestRequest } from "../support/session_pair.ts";

/** Metadata that fits, encoded. */
function encoded(metadata: Metadata): Uint8Array {
  const bytes = encodeMetadata(metadata);
  assert(bytes instanceof Uint8Array, `${bytes}`);
  return bytes;
}

/** What nobody should send. */
const HOSTILE: Readonly<Record<string, Uint8Array>> = {
  "none at all": new Uint8Array(0),
  "a name twice": unhex("01740003616263" + "01740003616263"),
  "a name that is no UTF-8": unhex("02c3280000"),
  "a text that is no UTF-8": unhex("01740002c328"),
  "an empty name": unhex("000000"),
  "a name that ends outside": unhex("ff61"),
  "a text that ends outside": unhex("01740004616263"),
  "a piece of a pair": unhex("0174000361626301"),
  "too large": new Uint8Array(METADATA_MAX_BYTES + 1),
};

function pairWithRegistry() {
  const pair = new SessionPair();
  const seen: Metadata[] = [];
  const failed: RequestError[] = [];
  const owner = {
    interceptors: new Interceptors(),
    handleNotificationFailed: (_peer: string, _service: string, error: unknown) =>
      failed.push(error as RequestError),
  };
  const registry = new HandlerRegistry(
    owner as unknown as HandlingOwner,
    1_048_576,
    (bytes, start, end) => bytes.slice(start, end),
  );
  registry.add("echo", (_payload, { metadata }) => {
    seen.push(metadata);
    return new Uint8Array(1);
  }, bytesCodec);
  registry.ready();
  pair.right.handler = registry;
  return { pair, seen, failed };
}

Deno.test("metadata: what goes in comes out, whatever the texts", () => {
  const text = fc.string({ unit: "grapheme", maxLength: 40 });
  const name = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
  fc.assert(fc.property(fc.dictionary(name, text, { minKeys: 1, maxKeys: 10 }), (metadata) => {
    const decoded = decodeMetadata(encoded(metadata))!;
    assertEquals(Object.entries(decoded), Object.entries(metadata));
    assertEquals(Object.getPrototypeOf(decoded), null);
  }));
  const named = decodeMetadata(encoded(JSON.parse('{"__proto__":"x","constructor":"y"}')))!;
  assertEquals([named["__proto__"], named["constructor"]], ["x", "y"]);
  assertEquals(decodeMetadata(encoded({ "\ufefft": "\ufeffx" }))!["\ufefft"], "\ufeffx");
});

Deno.test("metadata: bytes of any kind are decoded or refused, and never throw", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
    const decoded = decodeMetadata(bytes);
    if (decoded !== null) assertEquals(encoded(decoded).length, bytes.length);
  }));
});

Deno.test("metadata: what cannot be sent says why; nothing to say is nothing sent", () => {
  assertEquals(encodeMetadata({}), null);
  assertEquals(
    encodeMetadata({ "": "x" }),
    "a name of 0 bytes in the metadata: 1 to 255 fit",
  );
  assertEquals(encodeMetadata({ t: "x".repeat(8_189) }), "the metadata is over 8192 bytes");
  assertEquals(encoded({ t: "x".repeat(8_188) }).length, METADATA_MAX_BYTES);
});

for (const [what, metadata] of Object.entries(HOSTILE)) {
  Deno.test(`metadata: ${what} is refused, and nothing else is lost`, () => {
    const { pair, seen, failed } = pairWithRegistry();
    const bytes = new Uint8Array(1);
    const hostile = new TestRequest("echo", bytes, false, 0, metadata);
    const hostileLarge = new TestRequest(
      "echo",
      new Uint8Array(100_000),
      false,
      0,
      metadata,
    );
    const honest = new TestRequest("echo", bytes, false, 0, encoded({ tenant: "7" }));
    pair.left.queue.push(hostile);
    pair.left.queue.push(hostileLarge);
    pair.left.queue.push(new TestNotification(bytes, 1, "echo", metadata));
    pair.left.queue.push(honest);
    pair.left.queue.push(new TestNotification(bytes, 1, "echo", encoded({ tenant: "8" })));
    pair.settle();
    assertEquals(
      [hostile.outcome, hostileLarge.outcome, honest.outcome],
      ["invalid-metadata/not-executed", "invalid-metadata/not-executed", "ok"],
    );
    assertEquals(seen.map(({ tenant }) => tenant).sort(), ["7", "8"]);
    assertEquals(failed.map(({ code }) => code), ["invalid-metadata"]);
    assertEquals([pair.left.broken, pair.right.broken], [null, null]);
    assertEquals([pair.right.session.inboundCount, pair.right.session.notificationCount], [0, 0]);
  });
}

Deno.test("metadata that does not end within its frame breaks the protocol", () => {
  const codes: (ErrorCode | null)[] = [];
  for (const tail of ["", "00", "0008017400036162", "ffff01740003616263"]) {
    const { right } = new SessionPair();
    const request = unhex("00000000 00000001 00001388 8001 01 20 0161" + tail);
    codes.push(right.session.handleMessage(1, FrameKind.REQUEST, request, 0, request.length));
    const notification = unhex("8001 01 20 0161" + tail);
    const other = new SessionPair().right.session;
    codes.push(
      other.handleMessage(1, FrameKind.NOTIFY, notification, 0, notification.length),
    );
  }
  assertEquals(codes, new Array(8).fill("malformed-frame"));
});

Deno.test("metadata: at each size of payload and on each path it arrives with its call", () => {
  const pair = new SessionPair();
  const metadata = encoded({ trace: "t".repeat(8_000) });
  const sizes = [0, 1, PIECE_MAX_BYTES - 8_005, PIECE_MAX_BYTES, 300_000, 4_000_000];
  const requests = sizes.map((size) =>
    new TestRequest("echo", new Uint8Array(size), false, 0, metadata)
  );
  for (const request of requests) pair.left.queue.push(request);
  for (const size of sizes) {
    pair.left.queue.push(new TestNotification(new Uint8Array(size), 1, "tell", metadata));
  }
  pair.settle();
  assertEquals(requests.map(({ outcome }) => outcome), sizes.map(() => "ok"));
  const arrived = pair.right.requests.map(({ payload, metadata }) => [payload.length, metadata]);
  assertEquals(
    new Map(arrived as [number, Uint8Array][]),
    new Map(sizes.map((s) => [s, metadata])),
  );
  assertEquals(
    pair.right.notifications.map((one) => [one.payload.length, one.metadata]),
    sizes.map((size) => [size, metadata]),
  );
  assertEquals([pair.left.broken, pair.right.broken], [null, null]);
});

Deno.test("metadata goes with a request that is sent again on another connection", () => {
  const pair = new SessionPair();
  const metadata = encoded({ trace: "1" });
  pair.left.queue.push(new TestRequest("echo", new Uint8Array(10), false, 0, metadata));
  pair.left.queue.push(new TestNotification(new Uint8Array(10), 1, "tell", metadata));
  assert(pair.left.takeBytes().length > 0, "lost with its connection");
  pair.connect();
  pair.settle();
  assertEquals(pair.right.requests.map((one) => one.metadata), [metadata]);
  assertEquals(pair.right.notifications.map((one) => one.metadata), [metadata]);
});
