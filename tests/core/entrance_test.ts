// What an endpoint lets in, in each of its states.

import { assert, assertEquals, assertFalse } from "@std/assert";
import { Entrance } from "../../src/core/link/entrance.ts";
import { newLife } from "../support/link_life.ts";

const self = newLife(0, "b", 10, {}).hello;
const peer = newLife(1, "a", 10, {}).hello;
const client = { ...peer, name: "client", role: "client" } as const;

/** @param sessionBootId Of the session that is held with the peer. */
function entrance(sessionBootId: string | null, connectionCount = 0): Entrance {
  const link = { sessionBootId, connectionCount, admit: () => null };
  const known = [peer.name, client.name];
  return new Entrance(self, 3, ({ name }) => known.includes(name) ? link : undefined);
}

Deno.test("Entrance: open, it lets defined peers and clients in, and nobody else", () => {
  const open = entrance(null);
  assertEquals(open.admits(peer, self.name, null), null);
  assertEquals(open.admits(client, "", null), null);
  assertEquals(open.admits({ ...peer, name: "X" }, self.name, null)?.code, "unknown-peer");
  assertEquals(open.admits(peer, "X", null)?.code, "wrong-recipient");
  assertEquals(open.admitsTo("X")?.code, "wrong-recipient");
  assertEquals(open.admitsTo(self.name), null);
});

Deno.test("Entrance: closing, it lets in only whoever has a session", () => {
  const held = entrance(peer.bootId);
  held.close();
  assertEquals(held.admits(peer, self.name, null), null);
  assertEquals(held.admits(client, "", null), null);
  const stranger = { ...client, bootId: "a life of its own" };
  assertEquals(held.admits(stranger, "", null)?.code, "closing");
  const other = entrance("another life");
  other.close();
  assertEquals(other.admits(peer, self.name, null)?.code, "closing");
});

Deno.test("Entrance: fenced, it lets nobody in, and stays so", () => {
  const fenced = entrance(peer.bootId);
  assertEquals(fenced.fenced, null);
  assert(fenced.fence("duplicate"));
  assertFalse(fenced.fence("displaced"), "the first verdict counts");
  fenced.close();
  assertEquals(fenced.fenced, "duplicate");
  assertEquals(fenced.admits(peer, self.name, null)?.code, "closing");
  assertEquals(fenced.admits(client, "", null)?.code, "closing");
});

Deno.test("entrance: a peer has so many connections and no more", () => {
  assertEquals(entrance(null, 2).admits(peer, self.name, null), null);
  assertEquals(entrance(null, 3).admits(peer, self.name, null)?.code, "overloaded");
  assertEquals(entrance(null, 3).admits(client, "", null)?.code, "overloaded");
});
