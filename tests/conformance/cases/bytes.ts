/** Cases about bytes: what is written arrives, and nobody is made to take more than he can. */

import { ok, throws } from "node:assert";
import { type Case, checkPattern, equal, pattern } from "../kit.ts";

const MIB = 1_048_576;

/** The cases. */
export const byteCases: readonly Case[] = [
  {
    name: "bytes: small pieces go both ways, in order",
    async run(kit) {
      const [one, other] = await kit.pair();
      for (const [from, to] of [[one, other], [other, one]] as const) {
        to.onChunk = checkPattern();
        await from.writeAll(pattern(1_000), 7);
        await to.until(() => to.bytes === 1_000, "1,000 bytes");
      }
    },
  },
  {
    name: "bytes: a chunk is a plain Uint8Array, whose slice is a copy",
    async run(kit) {
      const [one, other] = await kit.pair();
      const kinds = new Set<string>();
      other.onChunk = (chunk) => void kinds.add(chunk.constructor.name);
      await one.writeAll(pattern(10), 10);
      await other.until(() => other.bytes === 10, "10 bytes");
      equal([...kinds].join(), "Uint8Array", "its constructor");
    },
  },
  {
    name: "bytes: 16 MiB in one write arrive whole, whatever the kernel takes at once",
    async run(kit) {
      const [one, other] = await kit.pair();
      other.onChunk = checkPattern();
      const bytes = pattern(16 * MIB);
      equal(kit.call(() => one.socket.write(bytes)), false, "it cannot be taken at once");
      await one.until(() => one.drains === 1, "onDrain");
      await other.until(() => other.bytes === bytes.length, "16 MiB");
      equal(one.drains, 1, "one onDrain for one write");
    },
  },
  {
    name: "bytes: 8 MiB in pieces, both ways at once",
    async run(kit) {
      const [one, other] = await kit.pair();
      one.onChunk = checkPattern();
      other.onChunk = checkPattern();
      const bytes = pattern(8 * MIB);
      await Promise.all([one.writeAll(bytes, 100_000), other.writeAll(bytes, 65_536)]);
      await one.until(() => one.bytes === bytes.length, "8 MiB");
      await other.until(() => other.bytes === bytes.length, "8 MiB");
    },
  },
  {
    name: "bytes: a buffer that was taken whole is free again at once",
    async run(kit) {
      const [one, other] = await kit.pair();
      other.onChunk = checkPattern();
      const bytes = pattern(300);
      const buffer = new Uint8Array(100);
      for (let start = 0; start < 300; start += 100) {
        buffer.set(bytes.subarray(start, start + 100));
        equal(kit.call(() => one.socket.write(buffer)), true, "100 bytes are taken at once");
        buffer.fill(0xee);
      }
      await other.until(() => other.bytes === 300, "300 bytes");
    },
  },
  {
    name: "bytes: writes of any size in one turn arrive in order, taken buffers being free",
    async run(kit) {
      const [one, other] = await kit.pair();
      other.onChunk = checkPattern();
      const sizes = [1, 40, 2_006, 1, 2_048, 2_049, 3, 30_000, 7, 25_000, 1, 65_536, 2, 65_537, 9];
      const bytes = pattern(sizes.reduce((sum, size) => sum + size, 0));
      let start = 0;
      for (const size of sizes) {
        const buffer = bytes.slice(start, start += size);
        const drains = one.drains;
        if (kit.call(() => one.socket.write(buffer))) buffer.fill(0xee);
        else await one.until(() => one.drains > drains, "onDrain");
      }
      await other.until(() => other.bytes === bytes.length, "all bytes");
    },
  },
  {
    name: "bytes: a buffer that is kept is not changed by the adapter",
    async run(kit) {
      const [one, other] = await kit.pair();
      const bytes = pattern(4 * MIB);
      if (!kit.call(() => one.socket.write(bytes))) {
        await one.until(() => one.drains === 1, "onDrain");
      }
      await other.until(() => other.bytes === bytes.length, "4 MiB");
      checkPattern()(bytes);
    },
  },
  {
    name: "bytes: a reader that does not read stops the writer; it goes on when he does",
    async run(kit) {
      const [one, other] = await kit.pair();
      other.onChunk = checkPattern();
      kit.call(() => other.socket.pause());
      // The kernel holds some of it, and on some machines tens of MiB.
      const bytes = pattern(64 * MIB);
      let written = 0;
      for (let isStopped = false; !isStopped;) {
        ok(written < bytes.length, "the writer is never stopped");
        const [start, { drains }] = [written, one];
        written += 4 * MIB;
        const isTaken = kit.call(() => one.socket.write(bytes.subarray(start, written)));
        await kit.pass(100);
        isStopped = !isTaken && one.drains === drains;
      }
      ok(other.bytes <= MIB, `${other.bytes} bytes were delivered in spite of pause()`);
      const { drains } = one;
      const before = other.bytes;
      await kit.pass(100);
      equal(other.bytes, before, "nothing more is delivered while paused");
      kit.call(() => other.socket.resume());
      await one.until(() => one.drains === drains + 1, "onDrain");
      await other.until(() => other.bytes === written, "all of it");
    },
  },
  {
    name: "bytes: a second write before onDrain is a defect of the caller, and told",
    async run(kit) {
      const [one, other] = await kit.pair();
      kit.call(() => other.socket.pause());
      equal(kit.call(() => one.socket.write(new Uint8Array(16 * MIB))), false, "kept");
      throws(() => one.socket.write(new Uint8Array(1)), /drain/);
    },
  },
  {
    name: "bytes: onDrain comes only after a write that was not taken",
    async run(kit) {
      const [one, other] = await kit.pair();
      for (let count = 0; count < 50; count++) {
        equal(kit.call(() => one.socket.write(new Uint8Array(10))), true, "10 bytes are taken");
      }
      await other.until(() => other.bytes === 500, "500 bytes");
      await kit.pass(20);
      equal(one.drains, 0, "nothing had to drain");
    },
  },
];
