/**
 * The same number in flight over 1 to 1,000 links, beside the bare echo over as many sockets.
 *
 * @module
 */

import type { RuntimeName } from "../tools/runtimes.ts";
import { type Plan, TARGET_LINKS_RATIO } from "./plan.ts";
import { definition, freePorts } from "./ports.ts";
import type { Processes } from "./process.ts";
import { failures, play, rateOf } from "./rates.ts";
import { median } from "./statistics.ts";
import { untilOpen } from "./wait.ts";

/** A number of links. Rates are requests in a second, over all of them. */
export interface LinksRow {
  readonly runtime: RuntimeName;
  readonly count: number;
  readonly inFlight: number;
  readonly bare: number;
  readonly freshlink: number;
  /** `freshlink` as a part of `bare`: the median of the rounds' own ratios. */
  readonly ratio: number;
  /** The least ratio to reach; `null`: none is stated. */
  readonly target: number | null;
  readonly failed: number;
}

const IN_FLIGHT = 1_024;
const PAYLOAD = 64;
/** The target is stated for so many. */
const TARGET_COUNT = 1_000;
const TIMEOUT_MS = 120_000;

/** One process with one endpoint, one with as many endpoints as there are links. */
export async function measureLinks(
  plan: Plan,
  runtime: RuntimeName,
  processes: Processes,
  count: number,
): Promise<LinksRow> {
  await using server = await processes.start(runtime);
  await using client = await processes.start(runtime);
  const { port: echoPort } = await server.order<{ port: number }>({ do: "echo" });
  await client.order({ do: "dial", port: echoPort, count }, TIMEOUT_MS);
  await untilOpen(server, count);
  const [port, ...others] = freePorts(1 + count) as [number, ...number[]];
  const members = others.map((other) => definition(`peer-${other}`, other));
  await client.order({ do: "endpoint", name: "client", port, peers: members });
  await server.order({ do: "crowd", members, peer: definition("client", port) }, TIMEOUT_MS);
  await untilOpen(client, count);
  const ends = { runtime, server, client };
  const { bare, links } = await play(plan, ends, ["bare", "links"], PAYLOAD, IN_FLIGHT, count);
  return {
    runtime,
    count,
    inFlight: IN_FLIGHT,
    bare: median(bare.map(rateOf)),
    freshlink: median(links.map(rateOf)),
    ratio: median(links.map((one, round) => rateOf(one) / rateOf(bare[round]!))),
    target: count === TARGET_COUNT ? TARGET_LINKS_RATIO : null,
    failed: failures(bare) + failures(links),
  };
}
