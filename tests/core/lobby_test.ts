// Strangers are cheap: places, work and words for those who have not proved who they are.

import { assert, assertEquals } from "@std/assert";
import { Bucket, Budget } from "../../src/core/channel/budget.ts";
import { Lobby, networkOf } from "../../src/core/channel/lobby.ts";

const LIMITS = { silentPerAddress: 2, silent: 3, greeted: 2 };

Deno.test("lobby: the oldest silent one of an address makes room for its next", () => {
  const lobby = new Lobby<string>(LIMITS);
  assertEquals(["a1", "a2", "a3"].map((guest) => lobby.enter(guest, "a")), [null, null, "a1"]);
  assertEquals(lobby.enter("b1", "b"), null);
  assertEquals(lobby.guests, ["a2", "a3", "b1"]);
});

Deno.test("lobby: in all, the oldest silent one makes room, wherever it comes from", () => {
  const lobby = new Lobby<string>(LIMITS);
  for (const guest of ["a", "b", "c"]) lobby.enter(guest, guest);
  assertEquals(lobby.enter("d", "d"), "a");
  assert(lobby.leave("b"));
  assertEquals(lobby.enter("e", "e"), null);
  assert(!lobby.leave("b"), "it was gone");
});

Deno.test("lobby: whoever has greeted is in nobody's way, and one of too many of them goes", () => {
  const lobby = new Lobby<string>(LIMITS);
  const greeted = ["a1", "a2", "a3"].map((guest) => {
    assertEquals(lobby.enter(guest, "a"), null);
    return lobby.greet(guest);
  });
  assertEquals(greeted, [null, null, "a1"]);
  assertEquals(lobby.greet("a1"), null);
  assertEquals(lobby.guests, ["a2", "a3"]);
});

Deno.test("lobby: an IPv6 end has 64 bits to itself, an IPv4 end one address", () => {
  assertEquals(networkOf("10.0.0.1"), "10.0.0.1");
  assertEquals(networkOf("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2");
  assertEquals(networkOf("2001:db8::6"), "2001:db8:0:0");
  assertEquals(networkOf("::1"), "0:0:0:0");
});

Deno.test("budget: so much at once, then so much a second, for each address and in all", () => {
  const bucket = new Bucket(2, 10);
  const takes = [0, 0, 0, 99, 100, 101].map((nowMs) => bucket.take(nowMs));
  assertEquals(takes, [true, true, false, false, true, false]);
  const budget = new Budget();
  const taken = (address: string) => {
    let count = 0;
    while (budget.take(address, 5)) count++;
    return count;
  };
  assertEquals([taken("a"), taken("b"), taken("c")], [1_000, 1_000, 0]);
});
