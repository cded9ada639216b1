/** Cases about places: listening, dialling, addresses; about time, and about memory. */

import { ok, rejects, throws } from "node:assert";
import type { TcpAddress } from "../../../src/runtime/runtime.ts";
import { type Case, checkPattern, type End, equal, pattern } from "../kit.ts";

/** The cases. */
export const placeCases: readonly Case[] = [
  {
    name: "places: port 0 draws a port; both ends agree on their addresses",
    async run(kit) {
      const [one, other] = await kit.pair();
      equal(one.socket.remoteAddress, other.socket.localAddress, "the accepted end");
      equal(one.socket.localAddress, other.socket.remoteAddress, "the dialled end");
      ok((one.socket.remoteAddress as TcpAddress).port > 0);
      equal((one.socket.remoteAddress as TcpAddress).hostname, "127.0.0.1", "as it was dialled");
    },
  },
  {
    name: "places: an address that is taken is refused with EADDRINUSE",
    async run(kit) {
      const listener = await kit.listen(() => {});
      await rejects(kit.listen(() => {}, listener.address), { code: "EADDRINUSE" });
    },
  },
  {
    name: "places: nobody listens there: refused",
    async run(kit) {
      const listener = await kit.listen(() => {});
      listener.close();
      await kit.pass(20);
      equal((await kit.dialError(listener.address)).kind, "refused", "the dial");
    },
  },
  {
    name: "places: nobody answers there: timeout",
    async run(kit) {
      const { nowMs } = kit.runtime.clock;
      const startMs = nowMs();
      const reason = await kit.dialError(kit.surroundings.blackHole, { timeoutMs: 200 });
      equal(reason.kind, "timeout", "the dial");
      ok(nowMs() - startMs >= 195, "not before its time");
    },
  },
  {
    name: "places: a pending dial can be given up, also before it begins: local",
    async run(kit) {
      const controller = new AbortController();
      const { signal } = controller;
      const pending = kit.dialError(kit.surroundings.blackHole, { signal });
      await kit.pass(20);
      controller.abort();
      equal((await pending).kind, "local", "while it is pending");
      const listener = await kit.listen(() => {});
      equal((await kit.dialError(listener.address, { signal })).kind, "local", "before");
    },
  },
  {
    name: "places: a signal that aborts later does not touch an open socket",
    async run(kit) {
      const controller = new AbortController();
      const arrived = Promise.withResolvers<End>();
      const listener = await kit.listen(arrived.resolve);
      const one = await kit.dial(listener.address, { signal: controller.signal });
      const other = await arrived.promise;
      controller.abort();
      kit.call(() => one.socket.write(pattern(10)));
      await other.until(() => other.bytes === 10, "10 bytes");
      equal(one.reasons, [], "still open");
    },
  },
  {
    name: "places: a time-out that cannot be is a defect of the caller, and told",
    async run(kit) {
      const listener = await kit.listen(() => {});
      for (const timeoutMs of [0, -1, Infinity, NaN]) {
        throws(
          () =>
            kit.runtime.connect(listener.address, { timeoutMs }, {
              onConnect: () => {
                throw new Error("it connected");
              },
              onConnectError: () => {},
            }),
          RangeError,
        );
      }
    },
  },
  {
    name: "places: a closed listener accepts nobody; what it accepted stays",
    async run(kit) {
      const arrived = Promise.withResolvers<End>();
      const listener = await kit.listen(arrived.resolve);
      const one = await kit.dial(listener.address);
      const other = await kit.wait(arrived.promise, "the accepted end");
      kit.call(() => listener.close());
      kit.call(() => listener.close());
      await kit.pass(20);
      equal((await kit.dialError(listener.address)).kind, "refused", "a later dial");
      kit.call(() => one.socket.write(pattern(10)));
      await other.until(() => other.bytes === 10, "10 bytes");
    },
  },
  {
    name: "places: 1,000 connections at a time, each with its own bytes",
    async run(kit) {
      const ends: End[] = [];
      const listener = await kit.listen((end) => {
        ends.push(end);
        end.onChunk = (chunk) => kit.call(() => end.socket.write(chunk.slice()));
      });
      const dialled: End[] = [];
      for (let batch = 0; batch < 10; batch++) {
        const dials = Array.from({ length: 100 }, () => kit.dial(listener.address));
        dialled.push(...await Promise.all(dials));
      }
      for (const [index, end] of dialled.entries()) {
        const own = Uint8Array.of(index >> 8, index & 0xff);
        end.onChunk = (chunk) => equal([...chunk], [...own], "its own bytes");
        kit.call(() => end.socket.write(own));
      }
      await Promise.all(dialled.map((end) => end.until(() => end.bytes === 2, "its echo")));
      equal([dialled.length, ends.length], [1_000, 1_000], "ends");
    },
  },
  {
    name: "places: IPv6",
    async run(kit) {
      const [one, other] = await kit.pair({ hostname: "::1", port: 0 });
      equal((one.socket.remoteAddress as TcpAddress).hostname, "::1", "without brackets");
      kit.call(() => one.socket.write(pattern(10)));
      await other.until(() => other.bytes === 10, "10 bytes");
    },
  },
  {
    name: "places: both IPv4 and IPv6 where one listens on ::, without ::ffff:",
    async run(kit) {
      const arrived = Promise.withResolvers<End>();
      const listener = await kit.listen(arrived.resolve, { hostname: "::", port: 0 });
      const { port } = listener.address as TcpAddress;
      await kit.dial({ hostname: "127.0.0.1", port });
      const { remoteAddress } = (await kit.wait(arrived.promise, "the accepted end")).socket;
      equal((remoteAddress as TcpAddress).hostname, "127.0.0.1", "the dialler's address");
    },
  },
  {
    name: "places: a Unix socket",
    async run(kit) {
      const path = `${kit.surroundings.folder}/${kit.runtime.name}.sock`;
      const [one, other] = await kit.pair({ path });
      other.onChunk = checkPattern();
      await one.writeAll(pattern(100_000), 10_000);
      await other.until(() => other.bytes === 100_000, "100,000 bytes");
      equal(
        [one.socket.remoteAddress, other.socket.localAddress],
        [{ path }, { path }],
        "its path",
      );
      kit.call(() => one.socket.close());
      equal((await other.ended()).kind, "eof", "the other end");
    },
  },
  {
    name: "places: a Unix socket can be aborted",
    async run(kit) {
      const path = `${kit.surroundings.folder}/${kit.runtime.name}-2.sock`;
      const [one, other] = await kit.pair({ path });
      kit.call(() => one.socket.abort());
      equal((await one.ended()).kind, "local", "this end");
      ok(["eof", "reset"].includes((await other.ended()).kind));
    },
  },
  {
    name: "memory: that of a payload is plain, and nobody else has it",
    run({ runtime }) {
      for (const count of [1, 1_000, 70_000, 1_048_576]) {
        const [one, other] = [runtime.allocate(count), runtime.allocate(count)];
        equal(one.constructor.name, "Uint8Array", "its constructor");
        equal(one.length, count, "its length");
        equal(one.buffer.byteLength, count, "the length of its buffer");
        one.fill(1);
        other.fill(2);
        equal(one[count - 1], 1, "its last byte");
      }
      return Promise.resolve();
    },
  },
  {
    name: "time: a timer fires once and not before its time; a disarmed one never",
    async run(kit) {
      const { clock } = kit.runtime;
      let fired = 0;
      const startMs = clock.nowMs();
      const handle = clock.setTimer(20, () => fired += 100);
      clock.setTimer(30, () => fired++);
      clock.clearTimer(handle);
      await kit.pass(60);
      equal(fired, 1, "one of two");
      ok(clock.nowMs() - startMs >= 59, "time passes");
      clock.clearTimer(handle);
      const seconds = clock.wallMicros() / 1_000_000;
      ok(Number.isInteger(clock.wallMicros()) && seconds > 1_600_000_000);
    },
  },
  {
    name: "time: what is deferred happens after the running callback and before the next",
    async run(kit) {
      const { clock } = kit.runtime;
      const order: string[] = [];
      clock.setTimer(10, () => {
        clock.defer(() => {
          order.push("deferred");
          clock.defer(() => order.push("deferred again"));
        });
        order.push("callback");
      });
      clock.setTimer(25, () => order.push("next"));
      await kit.pass(50);
      equal(order, ["callback", "deferred", "deferred again", "next"], "the order");
    },
  },
];
