/** Cases about the end of a socket: told once, last, with the cause, and harming nobody else. */

import { ok } from "node:assert";
import { type Case, checkPattern, equal, pattern } from "../kit.ts";

const MIB = 1_048_576;

/** The cases. */
export const endCases: readonly Case[] = [
  {
    name: "ends: close() is eof for the other end, local for this one",
    async run(kit) {
      const [one, other] = await kit.pair();
      kit.call(() => one.socket.write(pattern(10)));
      kit.call(() => one.socket.close());
      equal((await other.ended()).kind, "eof", "the other end");
      equal(other.bytes, 10, "what was written before arrives before");
      equal((await one.ended()).kind, "local", "this end");
    },
  },
  {
    name: "ends: abort() is reset for the other end, local for this one",
    async run(kit) {
      const [one, other] = await kit.pair();
      kit.call(() => one.socket.write(pattern(10)));
      await other.until(() => other.bytes === 10, "10 bytes");
      kit.call(() => one.socket.abort());
      equal((await one.ended()).kind, "local", "this end");
      equal((await other.ended()).kind, "reset", "the other end");
    },
  },
  {
    name: "ends: abort() ends the other end, as eof or as reset",
    async run(kit) {
      const [one, other] = await kit.pair();
      kit.call(() => one.socket.abort());
      ok(["eof", "reset"].includes((await other.ended()).kind));
      equal((await one.ended()).kind, "local", "this end");
    },
  },
  {
    name: "ends: close() first sends what was taken and what is held: 4 MiB to a slow reader",
    async run(kit) {
      const [one, other] = await kit.pair();
      other.onChunk = checkPattern();
      kit.call(() => other.socket.pause());
      kit.call(() => one.socket.write(pattern(4 * MIB)));
      kit.call(() => one.socket.close());
      await kit.pass(50);
      kit.call(() => other.socket.resume());
      equal((await other.ended()).kind, "eof", "the other end");
      equal(other.bytes, 4 * MIB, "all of it");
      equal((await one.ended()).kind, "local", "this end");
    },
  },
  {
    name: "ends: close() does not wait for ever for somebody who does not read",
    async run(kit) {
      const [one, other] = await kit.pair();
      kit.call(() => other.socket.pause());
      kit.call(() => one.socket.write(new Uint8Array(16 * MIB)));
      kit.call(() => one.socket.close());
      equal((await one.ended()).kind, "local", "at its deadline");
    },
  },
  {
    name: "ends: after close() and abort() nothing is written, nothing is told, nothing breaks",
    async run(kit) {
      for (const how of ["close", "abort"] as const) {
        const [one, other] = await kit.pair();
        kit.call(() => one.socket[how]());
        equal(kit.call(() => one.socket.write(pattern(10))), false, "while it ends");
        await one.ended();
        equal(kit.call(() => one.socket.write(pattern(10))), false, "when it has ended");
        for (const again of ["close", "abort", "pause", "resume"] as const) {
          kit.call(() => one.socket[again]());
        }
        await other.ended();
        await kit.pass(20);
        equal([one.reasons.length, one.drains, other.bytes], [1, 0, 0], how);
      }
    },
  },
  {
    name: "ends: close() and then abort() at once is one end",
    async run(kit) {
      const [one, other] = await kit.pair();
      kit.call(() => one.socket.write(pattern(10)));
      kit.call(() => one.socket.close());
      kit.call(() => one.socket.abort());
      equal((await one.ended()).kind, "local", "this end");
      await other.ended();
    },
  },
  {
    name: "ends: both ends close at once",
    async run(kit) {
      const [one, other] = await kit.pair();
      kit.call(() => one.socket.close());
      kit.call(() => other.socket.close());
      equal((await one.ended()).kind, "local", "one");
      equal((await other.ended()).kind, "local", "the other");
    },
  },
  {
    name: "ends: abort() and close() inside onData are the last that is told",
    async run(kit) {
      for (const how of ["close", "abort"] as const) {
        const [one, other] = await kit.pair();
        other.onChunk = () => kit.call(() => other.socket[how]());
        kit.call(() => one.socket.write(pattern(1_000_000)));
        equal((await other.ended()).kind, "local", how);
        const { bytes } = other;
        await one.ended();
        await kit.pass(20);
        equal(other.bytes, bytes, "nothing after it");
      }
    },
  },
  {
    name: "ends: whoever is written to after FIN of the other end learns it once",
    async run(kit) {
      const [one, other] = await kit.pair();
      kit.call(() => one.socket.close());
      equal((await other.ended()).kind, "eof", "FIN means closed");
      equal(kit.call(() => other.socket.write(pattern(10))), false, "it is closed");
    },
  },
  {
    name: "ends: a callback that throws ends its own socket only, and is reported",
    async run(kit) {
      const { uncaught } = kit.surroundings;
      const [one, other] = await kit.pair();
      const [third, fourth] = await kit.pair();
      const before = uncaught.length;
      other.onChunk = () => {
        throw new Error("thrown by a case");
      };
      kit.call(() => one.socket.write(pattern(10)));
      await other.ended();
      await one.ended();
      kit.call(() => third.socket.write(pattern(10)));
      await fourth.until(() => fourth.bytes === 10, "the others go on");
      const found = uncaught.splice(before);
      equal(found.map((error) => (error as Error).message), ["thrown by a case"], "reported once");
    },
  },
];
