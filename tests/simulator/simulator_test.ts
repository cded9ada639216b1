// The rules of the simulated network, one by one. What a socket must do is in tests/conformance.

import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { CloseReason, Socket, SocketHandler } from "../../src/runtime/runtime.ts";
import { type Host, Simulation } from "../../src/simulator/mod.ts";

/** One end: what it was told. */
class End implements SocketHandler {
  socket!: Socket;
  text = "";
  reason: CloseReason | null = null;
  arrivedMs: number[] = [];
  readonly #simulation: Simulation;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  onData(chunk: Uint8Array): void {
    this.text += new TextDecoder().decode(chunk);
    this.arrivedMs.push(this.#simulation.nowMs);
  }

  onDrain(): void {}

  onClose(reason: CloseReason): void {
    this.reason = reason;
  }

  write(text: string): void {
    this.socket.write(new TextEncoder().encode(text));
  }
}

/** Two hosts, and a connection between them. */
class Net {
  readonly simulation = new Simulation({ seed: 3 });
  readonly one: Host = this.simulation.host("one");
  readonly two: Host = this.simulation.host("two");
  readonly accepted: End[] = [];

  async listen(): Promise<void> {
    await this.two.runtime.listen({ hostname: "0.0.0.0", port: 1 }, {}, (socket) => {
      const end = new End(this.simulation);
      end.socket = socket;
      this.accepted.push(end);
      return end;
    });
  }

  /** @returns The dialled end, or why there is none. */
  async dial(withinMs = 100): Promise<End | CloseReason> {
    const dialled = Promise.withResolvers<End | CloseReason>();
    this.one.runtime.connect({ hostname: "two", port: 1 }, { timeoutMs: withinMs }, {
      onConnect: (socket) => {
        const end = new End(this.simulation);
        end.socket = socket;
        dialled.resolve(end);
        return end;
      },
      onConnectError: dialled.resolve,
    });
    const result = await this.simulation.settle(dialled.promise, 10 * withinMs);
    await this.simulation.run(1);
    return result;
  }

  async pair(): Promise<[End, End]> {
    await this.listen();
    const end = await this.dial() as End;
    return [end, this.accepted[0]!];
  }
}

Deno.test("a one-way cut: one direction is silent, the other works; healed, it all arrives", async () => {
  const net = new Net();
  const [end, other] = await net.pair();
  net.simulation.network.cut(net.one, net.two, { oneWay: true });
  end.write("a");
  other.write("b");
  await net.simulation.run(1_000);
  assertEquals([end.text, other.text], ["b", ""]);
  net.simulation.network.heal(net.one, net.two);
  await net.simulation.run(2_000);
  assertEquals(other.text, "a");
});

Deno.test("forget: what is connected falls silent for ever, what is new works", async () => {
  const net = new Net();
  const [end, other] = await net.pair();
  net.simulation.network.forget(net.one, net.two);
  end.write("a");
  other.write("b");
  net.simulation.network.heal(net.one, net.two);
  await net.simulation.run(600_000);
  assertEquals([end.text, other.text, end.reason, other.reason], ["", "", null, null]);
  const next = await net.dial() as End;
  next.write("c");
  await net.simulation.run(10);
  assertEquals(net.accepted[1]!.text, "c");
});

Deno.test("clog: bytes arrive later, in order, and nothing is lost", async () => {
  const net = new Net();
  const [end, other] = await net.pair();
  const startMs = net.simulation.nowMs;
  net.simulation.network.clog(net.one, net.two, 500);
  end.write("a");
  end.write("b");
  await net.simulation.run(100);
  assertEquals(other.text, "");
  await net.simulation.run(500);
  assertEquals(other.text, "ab");
  assert(other.arrivedMs[0]! - startMs >= 500);
});

Deno.test("reset: both ends are told", async () => {
  const net = new Net();
  const [end, other] = await net.pair();
  net.simulation.network.reset(net.one, net.two);
  await net.simulation.run(1);
  assertEquals([end.reason?.kind, other.reason?.kind], ["reset", "reset"]);
});

Deno.test("refused, black hole, nobody: a dial ends as the rule says", async () => {
  const net = new Net();
  await net.listen();
  const { network } = net.simulation;
  const kind = async () => (await net.dial() as CloseReason).kind;
  network.refuse(net.one, net.two);
  assertEquals(await kind(), "refused");
  network.heal(net.one, net.two);
  network.blackHole(net.one, net.two);
  assertEquals(await kind(), "timeout");
  network.calm();
  assert(await net.dial() instanceof End);
  net.two.crash();
  assertEquals(await kind(), "timeout");
  net.two.restart();
  assertEquals(await kind(), "refused");
});

Deno.test("crash: nobody is told; after the restart old connections are reset when they speak", async () => {
  const net = new Net();
  const [end] = await net.pair();
  net.two.crash();
  await net.simulation.run(10_000);
  assertEquals(end.reason, null);
  net.two.restart();
  end.write("a");
  await net.simulation.run(10_000);
  assertEquals(end.reason?.kind, "reset");
});

Deno.test("kill: the kernel says goodbye for the process", async () => {
  const net = new Net();
  const [end] = await net.pair();
  net.two.kill();
  await net.simulation.run(10);
  assertEquals(end.reason?.kind, "eof");
});

Deno.test("freeze: the kernel takes bytes, the process reads them when it thaws", async () => {
  const net = new Net();
  const [end, other] = await net.pair();
  const startMs = net.simulation.nowMs;
  net.two.freeze(1_000);
  end.write("a");
  await net.simulation.run(900);
  assertEquals(other.text, "");
  await net.simulation.run(200);
  assertEquals(other.text, "a");
  assert(other.arrivedMs[0]! - startMs >= 1_000);
});

Deno.test("a dial whose connection is reset before its frozen process hears of it fails", async () => {
  const net = new Net();
  await net.listen();
  net.simulation.after(0, () => net.one.freeze(500));
  net.simulation.after(100, () => net.simulation.network.reset(net.one, net.two));
  const reason = await net.dial(5_000);
  assert(!(reason instanceof End), "neither callback, or the wrong one, was called");
  assertEquals(reason.kind, "reset");
  assertEquals(net.simulation.nowMs >= 500, true);
});

Deno.test("a timer that was disarmed while its process was frozen does not fire", async () => {
  const { simulation, one } = new Net();
  const { clock } = one.runtime;
  const fired: string[] = [];
  const second = clock.setTimer(20, () => fired.push("second"));
  clock.setTimer(10, () => {
    fired.push("first");
    clock.clearTimer(second);
  });
  one.freeze(100);
  await simulation.run(200);
  assertEquals(fired, ["first"]);
});

Deno.test("clocks: a host's own can be stepped, the monotonic one cannot", async () => {
  const { simulation, one, two } = new Net();
  const before = one.runtime.clock.wallMicros();
  one.stepClock(-60_000);
  await simulation.run(1_000);
  assertEquals(one.runtime.clock.wallMicros() - before, -59_000_000);
  assertEquals(two.runtime.clock.wallMicros() - before, 1_000_000);
  assertEquals(one.runtime.clock.nowMs(), 1_000);
});

Deno.test("partition: only across the groups", () => {
  const simulation = new Simulation();
  const [a, b, c] = ["a", "b", "c"].map((name) => simulation.host(name)) as [Host, Host, Host];
  simulation.network.partition([a, b], [c]);
  const { network } = simulation;
  assertEquals(
    [network.isReachable(a, b), network.isReachable(a, c), network.isReachable(c, b)],
    [true, false, false],
  );
});

Deno.test("short writes and split chunks change nothing but the pieces", async () => {
  const net = new Net();
  const [end, other] = await net.pair();
  net.simulation.network.splitChunks(1);
  end.write("abcdefgh");
  await net.simulation.run(10);
  assertEquals(other.text, "abcdefgh");
  assert(other.arrivedMs.length > 1, "it came in pieces");
  net.simulation.network.shortWrites(1);
  const bytes = new TextEncoder().encode("ijkl");
  assertEquals(end.socket.write(bytes), false);
  await net.simulation.run(10);
  assertEquals(other.text, "abcdefghijkl");
});

Deno.test("split chunks arrive in two, also where buffers are full and the reader is slow", async () => {
  const net = new Net();
  const [end, other] = await net.pair();
  const { network } = net.simulation;
  network.splitChunks(1);
  const BYTES = 4 * 1_048_576;
  let received = 0;
  other.onData = (chunk) => {
    received += chunk.length;
    other.arrivedMs.push(net.simulation.nowMs);
    other.socket.pause();
    net.simulation.after(0.05, () => other.socket.resume());
  };
  assertEquals(end.socket.write(new Uint8Array(BYTES)), false, "the buffers are full");
  await net.simulation.run(10_000);
  assertEquals(received, BYTES);
  // As few as there are chunks of 64 KiB, each in two; and some are smaller because of the room.
  const chunks = other.arrivedMs.length;
  assert(chunks > BYTES / 65_536 && chunks < 6 * BYTES / 65_536, `${chunks} chunks`);
});

/** Whether a dial from a host to an address comes through: `null`, or the kind of the failure. */
async function dialled(net: Net, from: Host, hostname: string): Promise<string | null> {
  const ended = Promise.withResolvers<string | null>();
  from.runtime.connect({ hostname, port: 7 }, { timeoutMs: 100 }, {
    onConnect: (socket) => {
      ended.resolve(null);
      const end = new End(net.simulation);
      end.socket = socket;
      return end;
    },
    onConnectError: ({ kind }) => ended.resolve(kind),
  });
  return await net.simulation.settle(ended.promise, 1_000);
}

Deno.test("who listens on loopback, on one address or on all of them is reached there, and nowhere else", async () => {
  for (
    const [bound, loopback, own, outside] of [
      ["127.0.0.1", null, "refused", "refused"],
      ["localhost", null, "refused", "refused"],
      ["10.0.0.2", "refused", null, null],
      ["0.0.0.0", null, null, null],
      ["::", null, null, null],
    ] as const
  ) {
    const net = new Net();
    const listener = await net.two.runtime.listen({ hostname: bound, port: 7 }, {}, (socket) => {
      const end = new End(net.simulation);
      end.socket = socket;
      return end;
    });
    const found = [
      await dialled(net, net.two, "127.0.0.1"),
      await dialled(net, net.two, "10.0.0.2"),
      await dialled(net, net.one, "two"),
    ];
    assertEquals(found, [loopback, own, outside], bound);
    listener.close();
    assertEquals(await dialled(net, net.two, bound), "refused");
  }
});

Deno.test("a port is taken for each address on its own, and for all; another host's is none", async () => {
  const { two } = new Net();
  const bind = (hostname: string) =>
    two.runtime.listen({ hostname, port: 7 }, {}, (socket) => {
      socket.abort();
      return { onData() {}, onDrain() {}, onClose() {} };
    });
  const [loopback, own] = await Promise.all([bind("127.0.0.1"), bind("10.0.0.2")]);
  await assertRejects(() => bind("localhost"), Error, "EADDRINUSE");
  await assertRejects(() => bind("0.0.0.0"), Error, "EADDRINUSE");
  await assertRejects(() => bind("10.0.0.1"), Error, "EADDRNOTAVAIL");
  loopback!.close();
  own!.close();
  await bind("0.0.0.0");
  await assertRejects(() => bind("10.0.0.2"), Error, "EADDRINUSE");
});

Deno.test("what the code under test throws in a callback is thrown by the simulation", async () => {
  const { simulation, one } = new Net();
  one.runtime.clock.setTimer(5, () => {
    throw new Error("a defect");
  });
  await assertRejects(() => simulation.run(10), Error, "a defect");
});

Deno.test("what never comes is told with the last events; a name can be given once", async () => {
  const { simulation, one } = new Net();
  simulation.note("something", "happened");
  const never = simulation.until(() => false, 100);
  await assertRejects(() => never, Error, "something happened");
  assertEquals(simulation.nowMs, 100);
  assertThrows(() => simulation.host(one.name), Error, "'one'");
});
