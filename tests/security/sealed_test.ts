// A secret protects: whoever sits on the path reads nothing, and can end a connection that heals.

import { assert, assertEquals } from "@std/assert";
import { Client, type EndpointOptions, type ErrorCode } from "../../mod.ts";
import { encodeRefuse } from "../../src/core/channel/handshake.ts";
import { FrameKind, HEADER_BYTES, numberFrame } from "../../src/core/wire/frame.ts";
import { MessageWriter } from "../../src/core/wire/message_writer.ts";
import { OutboundLog, SegmentPool } from "../../src/core/session/outbound_log.ts";
import { freePort, Watched } from "../support/endpoints.ts";
import { TappedRelay } from "../support/tapped_relay.ts";

const SECRET = "flsecret1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const WORDS = ["SP10", "SP20", "reserve-tea", "two of them", "gladly", "till-7", "127.0.0.1"];

/** Two endpoints of which SP10 dials SP20 through a relay, and nobody dials back. */
class Scene implements AsyncDisposable {
  readonly left: Watched;
  readonly right: Watched;
  readonly relay: TappedRelay;
  /** Payloads that a handler of SP20 has seen. */
  readonly handled: unknown[];

  private constructor(left: Watched, right: Watched, relay: TappedRelay, handled: unknown[]) {
    this.left = left;
    this.right = right;
    this.relay = relay;
    this.handled = handled;
  }

  static async start(options: Partial<EndpointOptions> = { secret: SECRET }): Promise<Scene> {
    const handled: unknown[] = [];
    const nobody = freePort();
    const right = await Watched.start({
      name: "SP20",
      listen: { port: 0 },
      peers: [{ name: "SP10", hostname: "127.0.0.1", port: nobody }],
      handlers: {
        "reserve-tea": (payload) => {
          handled.push(payload);
          return "gladly";
        },
      },
      ...options,
    });
    const relay = new TappedRelay(right.endpoint.address.port);
    const left = await Watched.start({
      name: "SP10",
      listen: { port: 0 },
      peers: [{ name: "SP20", hostname: "127.0.0.1", port: relay.port }],
      ...options,
    });
    return new Scene(left, right, relay, handled);
  }

  ask(payload: unknown = "two of them"): Promise<unknown> {
    return this.left.endpoint.request("SP20", "reserve-tea", payload, { timeoutMs: 30_000 });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.left.endpoint.close(), this.right.endpoint.close()]);
    await this.relay[Symbol.asyncDispose]();
  }
}

/** A whole REQUEST frame as an end without a secret would send it. */
function requestFrame(): Uint8Array {
  const log = new OutboundLog(new SegmentPool(), 1_048_576);
  const payload = new TextEncoder().encode('"x"');
  new MessageWriter(log).request(7, 1, 5_000, "reserve-tea", 0, 0, payload, null);
  return log.nextRange()!.slice();
}

Deno.test("sealed: a relay's view holds no name, no service and no payload", async () => {
  await using scene = await Scene.start();
  assertEquals(await scene.ask(), "gladly");
  const client = await Client.connect({
    hostname: "127.0.0.1",
    port: scene.relay.port,
    to: "SP20",
    name: "till-7",
    secret: SECRET,
  });
  assertEquals(await client.request("reserve-tea", "two of them"), "gladly");
  await client.close();
  const { text } = scene.relay;
  assert(text.length > 1_000, "nothing was seen");
  for (const word of WORDS) assert(!text.includes(word), `'${word}' can be read on the path`);
});

Deno.test("in clear, the same view holds all of them: the look is worth something", async () => {
  await using scene = await Scene.start({});
  assertEquals(await scene.ask(), "gladly");
  const { text } = scene.relay;
  for (const word of WORDS.filter((word) => word !== "till-7")) {
    assert(text.includes(word), `'${word}' was not seen`);
  }
});

Deno.test("sealed: a request that somebody adds is executed by nobody; the link heals", async () => {
  await using scene = await Scene.start({ secret: SECRET, deadAfterMs: 450 });
  assertEquals(await scene.ask(1), "gladly");
  for (const bytes of [new Uint8Array(100), requestFrame(), numberFrame(FrameKind.PING, 1)]) {
    await scene.relay.inject(bytes);
    // Where it begins as a long record would, that is waited for, but not for long.
    assertEquals(await scene.ask(2), "gladly");
  }
  const told = await scene.right.event("protocol-error");
  assertEquals([told.code, told.peer], ["record-mismatch", "SP10"]);
  assertEquals(scene.handled, [1, 2, 2, 2]);
});

Deno.test("sealed: a refusal that somebody adds, at any moment, fences nobody", async () => {
  for (const code of ["duplicate", "displaced"] as const) {
    await using scene = await Scene.start();
    scene.relay.tap = (bytes, { connection, isToTarget, chunk }) => {
      const isHere = connection === 0 && !isToTarget && chunk === 0;
      return isHere ? encodeRefuse(code, "I am you") : bytes;
    };
    assertEquals(await scene.ask(), "gladly");
    await scene.relay.inject(encodeRefuse(code, "I am you"));
    assertEquals(await scene.ask(), "gladly");
    const fenced = [scene.left.endpoint.fenced, scene.right.endpoint.fenced];
    assertEquals(fenced, [false, false]);
    const told = await scene.left.event("handshake-failed");
    assertEquals(told.code, code satisfies ErrorCode);
  }
});

Deno.test("sealed: each byte of a session that is changed costs one connection and no more", async () => {
  await using scene = await Scene.start();
  let place = -1;
  scene.relay.tap = (bytes) => {
    // Of a handshake frame the last byte, of records any.
    if (place >= 0) bytes[(bytes.length - 1 + place) % bytes.length]! ^= 1;
    place = -1;
    return bytes;
  };
  for (let round = 0; round < 20; round++) {
    place = round * 7;
    assertEquals(await scene.ask(round), "gladly");
  }
  assertEquals(scene.handled, Array.from({ length: 20 }, (_, round) => round));
});

Deno.test("sealed: a record that does not open ends the connection without another word", async () => {
  await using scene = await Scene.start();
  await scene.ask();
  let isChanged = false;
  let answers = 0;
  scene.relay.tap = (bytes, { connection, isToTarget }) => {
    if (connection !== 0) return bytes;
    if (isToTarget && !isChanged) {
      isChanged = true;
      bytes[bytes.length - 1]! ^= 1;
    } else if (!isToTarget && isChanged) answers++;
    return bytes;
  };
  assertEquals(await scene.ask("again"), "gladly");
  const told = await scene.right.event("protocol-error");
  assertEquals([told.code, answers], ["record-mismatch", 0]);
  assertEquals(scene.handled, ["two of them", "again"]);
});

Deno.test("sealed: with another secret, or none, a client is told so and learns no name", async () => {
  await using scene = await Scene.start();
  for (const secret of ["another secret of theirs", undefined]) {
    const client = Client.connect({
      hostname: "127.0.0.1",
      port: scene.relay.port,
      ...(secret === undefined ? {} : { secret }),
    });
    const error = await client.then(() => null, (error) => error);
    assertEquals(error.code, "proof-mismatch");
  }
  const answers = scene.relay.seen.filter((bytes) => bytes[0] === FrameKind.REFUSE);
  assertEquals(answers.map(({ length }) => length), [HEADER_BYTES + 2, HEADER_BYTES + 2]);
});

Deno.test("sealed: a peer that is not defined is refused under seal, and backs off", async () => {
  await using scene = await Scene.start();
  await using stranger = await Watched.start({
    name: "SP30",
    listen: { port: 0 },
    secret: SECRET,
    redialMinMs: 20,
    peers: [{ name: "SP20", hostname: "127.0.0.1", port: scene.relay.port }],
  });
  const seen = new Set<unknown>();
  // While the second is told, the first is known everywhere.
  const told = await stranger.event("handshake-failed", (event) => seen.add(event).size === 2);
  assertEquals(told.code, "unknown-peer");
  assertEquals(told.detail, "refused by the other end: 'SP30' is not defined at 'SP20'");
  const [row] = stranger.endpoint.peers();
  assertEquals(row!.lastError, told.detail);
  assertEquals(scene.right.endpoint.connections().map(({ peer }) => peer), ["SP10"]);
  assert(!scene.relay.text.includes("SP30"));
});
