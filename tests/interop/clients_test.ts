// A client of each runtime at an endpoint of each, over a path that is cut every 400 ms.

import { assert, assertEquals } from "@std/assert";
import { playPairs } from "./cut_clients.ts";

Deno.test("clients over a path that is cut every 400 ms: no call fails, none is executed twice", async () => {
  const reports = await playPairs(500, 60_000);
  assertEquals(reports.length, 9);
  for (const { pair, cuts, client, problems } of reports) {
    assertEquals(problems, [], pair);
    assert(cuts >= 3 && client.made >= 500 && client.told > 0, pair);
  }
});
