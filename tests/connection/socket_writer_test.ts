// When what goes out on a connection goes out: few writes a turn, and control frames first.

import { assert, assertEquals } from "@std/assert";
import type { ConnectionContext } from "../../src/connection/context.ts";
import { SocketWriter } from "../../src/connection/socket_writer.ts";
import { Timers } from "../../src/connection/timers.ts";
import { emptyFrame, FrameKind, isMessageKind } from "../../src/core/wire/frame.ts";
import type { RecordSealer } from "../../src/core/channel/record.ts";
import { FrameDecoder } from "../../src/core/wire/frame_decoder.ts";
import { Heartbeat } from "../../src/core/link/heartbeat.ts";
import type { Socket } from "../../src/runtime/runtime.ts";
import { ACK_BYTES } from "../../src/core/session/session.ts";
import { SessionPair, TestNotification, TestRequest } from "../support/session_pair.ts";

const PAYLOAD = new Uint8Array(8);

/** An outlet whose turns end when the test says so. */
class Bench {
  readonly outlet: SocketWriter;
  readonly pair = new SessionPair({ maxInFlight: 2_048, creditBytes: 4_194_304 });
  readonly session = this.pair.left;
  /** The kinds of the frames of each write. */
  readonly writes: number[][] = [];
  hasRoom = true;
  #deferred: (() => void)[] = [];

  constructor() {
    const clock = {
      nowMs: () => 0,
      wallMicros: () => 0,
      setTimer: () => 0,
      clearTimer() {},
      defer: (call: () => void) => this.#deferred.push(call),
    };
    const traffic = { sentBytes: 0, receivedBytes: 0 };
    const context = { runtime: { clock }, timers: new Timers(clock), traffic };
    const socket = { write: (bytes: Uint8Array) => this.#write(bytes) };
    this.outlet = new SocketWriter(
      context as unknown as ConnectionContext,
      socket as unknown as Socket,
      new Heartbeat({ heartbeatIntervalMs: 1_000, suspectAfterMs: 1_000, deadAfterMs: 3_000 }, 0),
    );
    this.outlet.session = this.session.session;
  }

  request(count: number): void {
    for (let sent = 0; sent < count; sent++) {
      assert(this.session.session.tryRequest(new TestRequest("echo", PAYLOAD)));
      this.outlet.schedule();
    }
  }

  /** So much arrives that its acknowledgement cannot wait. */
  receive(): void {
    const { left, right } = this.pair;
    right.queue.push(new TestNotification(new Uint8Array(ACK_BYTES - 1_000), 1, "tell"));
    right.queue.push(new TestNotification(new Uint8Array(1_000), 1, "tell"));
    this.pair.carry(right);
    assert(left.session.ackIsUrgent && left.broken === null);
    this.outlet.schedule();
  }

  /** @returns The kinds of the frames of the turn's writes. */
  takeTurn(): number[][] {
    const deferred = this.#deferred;
    this.#deferred = [];
    for (const call of deferred) call();
    return this.writes.splice(0);
  }

  /** @returns The sizes of the turn's writes, in frames. */
  endTurn(): number[] {
    return this.takeTurn().map((kinds) => kinds.length);
  }

  #write(bytes: Uint8Array): boolean {
    const kinds: number[] = [];
    new FrameDecoder().push(bytes, {
      onFrame: (kind) => kinds.push(kind) > 0,
      onDefect: (code) => assert(false, code),
    });
    this.writes.push(kinds);
    return this.hasRoom;
  }
}

Deno.test("few messages of a turn go out in one write, the first of many before its end", () => {
  for (
    const [count, writes] of [
      [1, [1]],
      [31, [31]],
      [64, [32, 32]],
      [200, [32, 96, 72]],
      [600, [32, 96, 384, 88]],
    ] as const
  ) {
    const bench = new Bench();
    bench.request(count);
    assertEquals(bench.endTurn(), [...writes], `${count} messages`);
    bench.request(1);
    assertEquals(bench.endTurn(), [1], "the next turn counts afresh");
  }
});

Deno.test("nothing goes out early where the other end has more to do than waits here", () => {
  const bench = new Bench();
  bench.request(300);
  bench.endTurn();
  bench.request(100);
  assertEquals(bench.endTurn(), [100]);
});

Deno.test("an acknowledgement that cannot wait goes with the data of its turn, or alone", () => {
  const bench = new Bench();
  bench.receive();
  bench.request(2);
  assertEquals(bench.takeTurn(), [[FrameKind.REQUEST, FrameKind.REQUEST, FrameKind.ACK]]);
  bench.receive();
  assertEquals(bench.takeTurn(), [[FrameKind.ACK]]);
  assert(!bench.session.session.needsAck);
  bench.request(1);
  assertEquals(bench.takeTurn(), [[FrameKind.REQUEST]], "nothing is acknowledged twice");
});

Deno.test("a socket that holds what it was given gets nothing more before it has drained", () => {
  const bench = new Bench();
  bench.hasRoom = false;
  bench.request(64);
  assertEquals(bench.writes.map((kinds) => kinds.length), [32]);
  bench.outlet.control(emptyFrame(FrameKind.BEAT));
  assertEquals(bench.endTurn(), [32], "the early write filled it");
  bench.hasRoom = true;
  bench.outlet.handleDrain();
  assertEquals(bench.writes[0], [FrameKind.BEAT], "control frames first");
  assert(bench.writes[1]!.every(isMessageKind));
  assertEquals(bench.endTurn(), [1, 32]);
});

Deno.test("a stopped outlet writes nothing, whatever was asked before", () => {
  const bench = new Bench();
  bench.request(3);
  bench.outlet.control(emptyFrame(FrameKind.BEAT));
  bench.outlet.stop();
  bench.outlet.control(emptyFrame(FrameKind.BEAT));
  bench.outlet.finish(emptyFrame(FrameKind.BEAT));
  assertEquals(bench.endTurn(), []);
});

Deno.test("what was said before there are keys goes out in clear, also where the socket had no room", () => {
  const bench = new Bench();
  bench.session.session.end("closed");
  bench.hasRoom = false;
  bench.outlet.control(emptyFrame(FrameKind.BEAT));
  bench.outlet.flush();
  assertEquals(bench.writes.splice(0), [[FrameKind.BEAT]]);
  bench.outlet.control(emptyFrame(FrameKind.DRAIN));
  // Nothing may be sealed with it: the other end has no keys yet.
  bench.outlet.seal({} as RecordSealer);
  bench.hasRoom = true;
  bench.outlet.handleDrain();
  assertEquals(bench.writes, [[FrameKind.DRAIN]]);
});

Deno.test("what is sent while it writes does not write a second time into a socket without room", () => {
  const bench = new Bench();
  const { session } = bench.session;
  bench.hasRoom = false;
  // More than goes out in one write.
  for (let count = 0; count < 8; count++) {
    bench.session.queue.push(new TestRequest("echo", new Uint8Array(60_000)));
  }
  bench.outlet.schedule();
  const nextRange = session.nextRange.bind(session);
  session.nextRange = () => {
    session.nextRange = nextRange;
    // An answer that is given up may bring others about: so many that they would not wait.
    for (let count = 0; count < 1_000; count++) bench.outlet.schedule();
    return nextRange();
  };
  assertEquals(bench.endTurn().length, 1);
});
