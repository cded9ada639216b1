// Whatever a stranger or a broken peer sends: it gets its own refusal or is ended at the handshake's
// deadline, it is reported with its address, and the links that exist do not notice.

import { assert, assertEquals } from "@std/assert";
import { Endpoint, type EndpointEvent, type EndpointOptions, type ErrorCode } from "../../mod.ts";
import {
  emptyFrame,
  FrameKind,
  HEADER_BYTES,
  numberFrame,
  startFrame,
  writeHeader,
} from "../../src/core/wire/frame.ts";
import { decodeRefuse, encodeRefuse } from "../../src/core/channel/handshake.ts";
import { PlainDialer, type PlainSelf } from "../../src/core/channel/plain_handshake.ts";
import type { Hello } from "../../src/core/wire/hello.ts";
import { concat } from "../support/bytes.ts";

const LIMITS = {
  maxInFlight: 8,
  payloadMaxBytes: 65_536,
  clientMaxInFlight: 8,
  clientPayloadMaxBytes: 65_536,
  creditBytes: 65_536,
  notificationsMax: 8,
  maxStreams: 16,
  clientMaxStreams: 4,
};

/** An endpoint with one healthy link and one peer that never comes: the stranger may claim it. */
class Scene implements AsyncDisposable {
  readonly target: Endpoint;
  readonly friend: Endpoint;
  readonly events: EndpointEvent[] = [];
  readonly #waiting = new Set<() => void>();

  private constructor(target: Endpoint, friend: Endpoint) {
    this.target = target;
    this.friend = friend;
    target.on((event) => {
      this.events.push(event);
      for (const wake of this.#waiting) wake();
    });
  }

  static async make(options: Partial<EndpointOptions> = {}): Promise<Scene> {
    const target = await Endpoint.start({
      name: "SP10",
      listen: { port: 0 },
      peers: [
        { name: "SP20", hostname: "127.0.0.1", port: 1 },
        { name: "SP30", hostname: "127.0.0.1", port: 1 },
      ],
      handshakeTimeoutMs: 1_100,
      probeTimeoutMs: 1_000,
      redialMinMs: 5_000,
      ...options,
    });
    const friend = await Endpoint.start({
      name: "SP30",
      listen: { port: 0 },
      peers: [{ name: "SP10", hostname: "127.0.0.1", port: target.address.port }],
    });
    friend.handle("echo", (payload) => payload);
    const scene = new Scene(target, friend);
    assertEquals(await target.request("SP30", "echo", 1), 1);
    return scene;
  }

  /** Waits for an event that is, or has been, told. */
  event(matches: (event: EndpointEvent) => boolean): Promise<EndpointEvent> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("the event never came")), 5_000);
      const look = () => {
        const found = this.events.find(matches);
        if (found === undefined) return;
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(found);
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** The healthy link goes on as if nothing had happened. */
  async assertUnharmed(): Promise<void> {
    assertEquals(await this.target.request("SP30", "echo", 2), 2);
    const rows = this.target.connections().filter((row) => row.peer === "SP30");
    assertEquals(rows.map((row) => row.identifier), [1]);
    assertEquals(this.events.filter((event) => event.type === "lost" && event.peer === "SP30"), []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.target.close({ drainMs: 0 }), this.friend.close({ drainMs: 0 })]);
  }
}

/** A raw socket to an endpoint. */
class Stranger implements Disposable {
  readonly #socket: Deno.TcpConn;
  readonly address: string;
  #buffer: Uint8Array = new Uint8Array(0);

  constructor(socket: Deno.TcpConn) {
    this.#socket = socket;
    this.address = `127.0.0.1:${socket.localAddr.port}`;
  }

  static async to(endpoint: Endpoint): Promise<Stranger> {
    return new Stranger(await Deno.connect({ hostname: "127.0.0.1", port: endpoint.address.port }));
  }

  async send(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) {
      sent += await this.#socket.write(bytes.subarray(sent)).catch(() => bytes.length);
    }
  }

  /** The next frame, or `null` when the other end has closed. */
  async frame(): Promise<{ kind: number; body: Uint8Array } | null> {
    for (;;) {
      if (this.#buffer.length >= HEADER_BYTES) {
        const size = HEADER_BYTES + this.#buffer[2]! * 256 + this.#buffer[3]!;
        if (this.#buffer.length >= size) {
          const kind = this.#buffer[0]!;
          const body = this.#buffer.slice(HEADER_BYTES, size);
          this.#buffer = this.#buffer.slice(size);
          return { kind, body };
        }
      }
      const chunk = new Uint8Array(65_536);
      const count = await this.#socket.read(chunk).catch(() => null);
      if (count === null) return null;
      this.#buffer = concat([this.#buffer, chunk.subarray(0, count)]);
    }
  }

  /** The code with which the other end refuses, and that it closes after it. */
  async refusal(): Promise<ErrorCode> {
    for (let frame = await this.frame(); frame !== null; frame = await this.frame()) {
      if (frame.kind !== FrameKind.REFUSE) continue;
      while (await this.frame() !== null);
      return decodeRefuse(frame.body).code;
    }
    throw new Error("it closed without a refusal");
  }

  /** Completes a handshake as SP20. */
  async introduce(changes: Partial<PlainSelf> = {}, who: Partial<Hello> = {}): Promise<void> {
    const dialer = new PlainDialer(self(changes, who), "SP10", () => null);
    await this.send(dialer.begin());
    const welcome = (await this.frame())!;
    const step = dialer.handleFrame(welcome.kind, welcome.body);
    if (step.kind !== "done") throw new Error(`${step.kind}`);
    await this.send(step.bytes);
  }

  /** Completes a handshake and is adopted: as the arbiter, SP20 is greater than SP10. */
  async link(): Promise<void> {
    await this.introduce();
    await this.send(numberFrame(FrameKind.USE, 1));
    for (;;) if ((await this.frame())!.kind === FrameKind.USEACK) return;
  }

  [Symbol.dispose](): void {
    try {
      this.#socket.close();
    } catch {
      // The other end was faster.
    }
  }
}

function self(changes: Partial<PlainSelf> = {}, who: Partial<Hello> = {}) {
  return {
    introduction: {
      role: "peer" as const,
      name: "SP20",
      bootId: "5".repeat(32),
      ordinal: 1,
      hostname: "127.0.0.1",
      port: 1,
      limits: LIMITS,
      heartbeatIntervalMs: 1_000,
      ordinalRises: false,
      ...who,
    },
    nonce: new Uint8Array(16).fill(1),
    certificateNames: null,
    ...changes,
  };
}

function frame(kind: number, body: Uint8Array = new Uint8Array(0)): Uint8Array {
  const bytes = new Uint8Array(HEADER_BYTES + body.length);
  writeHeader(bytes, 0, kind, body.length);
  bytes.set(body, HEADER_BYTES);
  return bytes;
}

function hello(who: Partial<Hello>, to = "SP10", tamper = (_bytes: Uint8Array) => {}) {
  const bytes = new PlainDialer(self({}, who), to, () => null).begin();
  tamper(bytes);
  return bytes;
}

Deno.test("a stranger's first bytes: each defect has its code, its event and no effect", async () => {
  await using scene = await Scene.make();
  const oversize = new Uint8Array(HEADER_BYTES);
  writeHeader(oversize, 0, FrameKind.HELLO, 1_025);
  const cases: [string, Uint8Array, ErrorCode][] = [
    [
      "a web browser",
      new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
      "unknown-frame",
    ],
    ["an unknown kind", frame(0x7f), "unknown-frame"],
    ["an oversize length", oversize, "frame-too-large"],
    ["a frame that may not come first", frame(FrameKind.BEAT), "unexpected-frame"],
    ["a hello of nothing", frame(FrameKind.HELLO), "malformed-frame"],
    [
      "another version",
      hello({}, "SP10", (bytes) => bytes[HEADER_BYTES + 5] = 9),
      "unsupported-version",
    ],
    ["another recipient", hello({}, "SP99"), "wrong-recipient"],
    ["its own bootId", hello({ bootId: scene.target.bootId }), "own-boot-id"],
    ["a peer without a definition", hello({ name: "SP77" }), "unknown-peer"],
    ["this end's own name", hello({ name: "SP10" }), "wrong-name"],
  ];
  for (const [name, bytes, code] of cases) {
    using stranger = await Stranger.to(scene.target);
    await stranger.send(bytes);
    assertEquals(await stranger.refusal(), code, name);
    const told = await scene.event((event) =>
      event.type === "handshake-failed" && event.remoteAddress === stranger.address
    );
    assert(told.type === "handshake-failed");
    assertEquals(told.code, code, name);
  }
  await scene.assertUnharmed();
  assertEquals(scene.target.connections().length, 1);
});

Deno.test("a stranger that answers to another WELCOME: the acceptor finds out, and nothing changes", async () => {
  await using scene = await Scene.make();
  using stranger = await Stranger.to(scene.target);
  await stranger.send(hello({}));
  assertEquals((await stranger.frame())!.kind, FrameKind.WELCOME);
  await stranger.send(frame(FrameKind.CONFIRM, new Uint8Array(32)));
  assertEquals(await stranger.refusal(), "proof-mismatch");
  await scene.event((event) =>
    event.type === "handshake-failed" && event.code === "proof-mismatch"
  );
  await scene.assertUnharmed();
});

Deno.test("a stranger whom a rule would let in is nobody before its third message", async () => {
  const admitted: string[] = [];
  await using scene = await Scene.make({
    admit: ({ name }) => {
      admitted.push(name);
      return true;
    },
  });
  const peers = scene.target.peers().map(({ peer }) => peer);
  using stranger = await Stranger.to(scene.target);
  await stranger.send(hello({ name: "SP99" }));
  assertEquals((await stranger.frame())!.kind, FrameKind.WELCOME);
  assert(admitted.length > 0 && admitted.every((name) => name === "SP99"));
  assertEquals(scene.target.peers().map(({ peer }) => peer), peers);
  assertEquals(scene.target.connections().map(({ peer }) => peer), ["SP30"]);
  await scene.assertUnharmed();
});

Deno.test("silence, half a hello, a port scan: ended at the handshake's deadline at the latest", async () => {
  await using scene = await Scene.make();
  const strangers = await Promise.all([1, 2, 3].map(() => Stranger.to(scene.target)));
  await strangers[1]!.send(hello({}).subarray(0, 20));
  await strangers[2]!.send(hello({}));
  const scanner = await Stranger.to(scene.target);
  scanner[Symbol.dispose]();
  await scene.event((event) => event.remoteAddress === scanner.address);
  for (const stranger of strangers) {
    assertEquals(await stranger.refusal(), "handshake-timeout");
    const told = await scene.event((event) => event.remoteAddress === stranger.address);
    assert(told.type === "handshake-failed" && told.code === "handshake-timeout");
    stranger[Symbol.dispose]();
  }
  await scene.assertUnharmed();
});

Deno.test("a refusal that nobody proved fences nobody", async () => {
  await using scene = await Scene.make();
  using stranger = await Stranger.to(scene.target);
  await stranger.send(hello({}));
  await stranger.frame();
  await stranger.send(encodeRefuse("duplicate", "I am you"));
  await scene.event((event) => event.remoteAddress === stranger.address);
  assertEquals(scene.target.fenced, false);
  await scene.assertUnharmed();
});

Deno.test("a peer that breaks the protocol: a code for each way, an event, and only its own link ends", async () => {
  await using scene = await Scene.make();
  const numbers = (kind: number, ...values: number[]) =>
    concat(values.map((value) => numberFrame(kind, value)));
  const huge = numberFrame(FrameKind.USE, 1);
  huge.fill(0xff, HEADER_BYTES);
  const cases: [string, Uint8Array, ErrorCode][] = [
    ["an unknown kind", frame(0x0a), "unknown-frame"],
    ["a hello in the middle", hello({}), "unexpected-frame"],
    ["USE of nothing", frame(FrameKind.USE), "malformed-frame"],
    ["USE 0", numbers(FrameKind.USE, 0), "unexpected-frame"],
    ["USE of 2^53 - 1", numbers(FrameKind.USE, Number.MAX_SAFE_INTEGER), "unexpected-frame"],
    ["a number of 2^64 - 1", huge, "number-out-of-range"],
    ["USEACK to the follower", numbers(FrameKind.USEACK, 1), "unexpected-frame"],
    ["START before USE", startFrame(1, false), "unexpected-frame"],
    ["ACK before USE", numbers(FrameKind.ACK, 1), "unexpected-frame"],
    ["a request before START", frame(FrameKind.CANCEL, new Uint8Array(8)), "unexpected-frame"],
    ["a beat with a body", frame(FrameKind.BEAT, new Uint8Array(1)), "malformed-frame"],
    ["a drain with a body", frame(FrameKind.DRAIN, new Uint8Array(1)), "malformed-frame"],
  ];
  const onLink: [string, Uint8Array, ErrorCode][] = [
    ["START of a number far ahead", startFrame(5, false), "sequence-gap"],
    ["an acknowledgement of the future", numbers(FrameKind.ACK, 9), "number-out-of-range"],
    [
      "an answer to nothing",
      concat([
        startFrame(1, false),
        frame(FrameKind.RESPONSE, new Uint8Array(10)),
      ]),
      "unexpected-frame",
    ],
  ];
  for (const [index, [name, bytes, code]] of [...cases, ...onLink].entries()) {
    using stranger = await Stranger.to(scene.target);
    if (index < cases.length) await stranger.introduce();
    else await stranger.link();
    await stranger.send(bytes);
    assertEquals(await stranger.refusal(), code, name);
    const told = await scene.event((event) =>
      event.type === "protocol-error" && event.remoteAddress === stranger.address
    );
    assert(told.type === "protocol-error");
    assertEquals([told.code, told.peer], [code, "SP20"], name);
  }
  await scene.assertUnharmed();
});

Deno.test("a client says nothing of its session before the endpoint has", async () => {
  await using scene = await Scene.make();
  const cases: [string, Uint8Array][] = [
    ["START", startFrame(1, false)],
    ["ACK of nothing", numberFrame(FrameKind.ACK, 0)],
    ["USE", numberFrame(FrameKind.USE, 1)],
    ["USEACK of a lower number", numberFrame(FrameKind.USEACK, 0)],
  ];
  for (const [name, bytes] of cases) {
    using stranger = await Stranger.to(scene.target);
    await stranger.introduce({}, { role: "client", name: "desk", port: 0 });
    await stranger.send(bytes);
    assertEquals(await stranger.refusal(), "unexpected-frame", name);
  }
  await scene.assertUnharmed();
});

Deno.test("a client that says `displaced` or `duplicate` ends its own link, and fences nobody", async () => {
  await using scene = await Scene.make();
  for (const code of ["displaced", "duplicate"] as const) {
    using stranger = await Stranger.to(scene.target);
    await stranger.introduce({}, { role: "client", name: "desk", port: 0 });
    await stranger.send(encodeRefuse(code, ""));
    while (await stranger.frame() !== null);
    assertEquals(scene.target.fenced, false, code);
  }
  await scene.assertUnharmed();
});

Deno.test("a client's life has one name", async () => {
  await using scene = await Scene.make();
  const role = "client" as const;
  const desk = await Stranger.to(scene.target);
  await desk.introduce({}, { role, name: "desk", port: 0 });
  assertEquals((await desk.frame())?.kind, FrameKind.PING);
  // Also when it is away.
  desk[Symbol.dispose]();
  using till = await Stranger.to(scene.target);
  await till.send(hello({ role, name: "till", port: 0 }));
  assertEquals(await till.refusal(), "wrong-name");
  await scene.assertUnharmed();
});

Deno.test("truncated frame, then silence: the peer's own link ends after deadAfterMs, no other", async () => {
  await using scene = await Scene.make();
  using stranger = await Stranger.to(scene.target);
  await stranger.link();
  await stranger.send(concat([emptyFrame(FrameKind.BEAT), frame(FrameKind.DATA).subarray(0, 3)]));
  const lost = await scene.event((event) => event.type === "lost" && event.peer === "SP20");
  assert(lost.type === "lost");
  assertEquals(lost.reason, "silent");
  await scene.assertUnharmed();
});

Deno.test("who goes away inside the handshake is reported as handshake-lost", async () => {
  await using scene = await Scene.make();
  const stranger = await Stranger.to(scene.target);
  await stranger.send(hello({}));
  assertEquals((await stranger.frame())?.kind, FrameKind.WELCOME);
  stranger[Symbol.dispose]();
  const event = await scene.event((one) =>
    one.type === "handshake-failed" && one.code === "handshake-lost"
  );
  assertEquals(event.remoteAddress, stranger.address);
  await scene.assertUnharmed();
});

Deno.test("an endpoint that closes says so to who is in the handshake", async () => {
  await using scene = await Scene.make();
  using stranger = await Stranger.to(scene.target);
  await stranger.send(hello({}));
  assertEquals((await stranger.frame())?.kind, FrameKind.WELCOME);
  await scene.target.close();
  assertEquals(await stranger.refusal(), "closing");
});

Deno.test("a dial that another connection made needless is given up as not-needed", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await using target = await Endpoint.start({
    name: "SP10",
    listen: { port: 0 },
    peers: [{ name: "SP20", hostname: "127.0.0.1", port: listener.addr.port }],
  });
  // SP20 takes the dial and does not answer it yet; meanwhile its own dial is through.
  using dialled = new Stranger(await listener.accept());
  assertEquals((await dialled.frame())?.kind, FrameKind.HELLO);
  using stranger = await Stranger.to(target);
  await stranger.link();
  assertEquals(await dialled.refusal(), "not-needed");
  assertEquals(target.connections().map(({ usable }) => usable), [true]);
  listener.close();
});

Deno.test("events about strangers are limited, and counted", async () => {
  await using scene = await Scene.make();
  const before = scene.events.length;
  const strangers = 300;
  for (let turn = 0; turn < strangers; turn++) {
    using stranger = await Stranger.to(scene.target);
    await stranger.send(frame(0x7f));
    assertEquals(await stranger.refusal(), "unknown-frame");
  }
  const told = scene.events.slice(before).filter(({ type }) => type === "handshake-failed");
  assert(told.length >= 100 && told.length < strangers, `${told.length} events`);
  // The next one that is told says how many were not.
  const untilMs = performance.now() + 5_000;
  let leftOut = 0;
  while (leftOut === 0 && performance.now() < untilMs) {
    using stranger = await Stranger.to(scene.target);
    await stranger.send(frame(0x7f));
    await stranger.refusal();
    for (const event of scene.events) {
      if (event.type === "handshake-failed") leftOut = Math.max(leftOut, event.leftOut);
    }
  }
  assert(leftOut > 0);
  await scene.assertUnharmed();
});
