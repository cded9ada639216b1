// What a cluster costs: a small one, within bounds that leave room for other machines.

import { assert, assertEquals } from "@std/assert";
import { clusterText, runCluster } from "./scenarios/cluster.ts";

Deno.test("cluster: twenty endpoints find each other, idle cheaply, and take a lost one back", async () => {
  const report = await runCluster(20, 1);
  const { endpoints, groups, links, convergedMs, rejoinedMs } = report;
  assertEquals([endpoints, groups, links], [20, 2, 190]);
  assert(convergedMs <= 1_000 && rejoinedMs <= 1_000, clusterText(report));
  // A beat a second for each of 19 links, and pings with their answers now and then.
  const { idleWritesPerSecond, idleBytesPerSecond, heapKiBPerEndpoint } = report;
  assert(idleWritesPerSecond >= 19 && idleWritesPerSecond <= 3 * 19, clusterText(report));
  assert(idleBytesPerSecond <= 30 * 19, clusterText(report));
  assert(heapKiBPerEndpoint <= 40 * 19, clusterText(report));
});
