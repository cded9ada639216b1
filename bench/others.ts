/**
 * Other loads beside the bare echo: notifications, late answers, several connections, handshakes.
 *
 * @module
 */

import type { RuntimeName } from "../tools/runtimes.ts";
import type { Handshakes } from "./handshakes.ts";
import type { Carrier } from "./load.ts";
import type { Plan } from "./plan.ts";
import { type Ends, failures, play, rateOf } from "./rates.ts";
import { median } from "./statistics.ts";

/** One other load. Rates are requests, notifications or handshakes in a second. */
export interface OtherRow {
  readonly runtime: RuntimeName;
  /** What is measured, in words. */
  readonly what: string;
  readonly inFlight: number;
  readonly connections: number;
  readonly bare: number;
  readonly freshlink: number;
  /** `freshlink` as a part of `bare`: the median of the rounds' own ratios. */
  readonly ratio: number;
  readonly failed: number;
}

const PAYLOAD = 64;
const IN_FLIGHT = 64;
const LATE_IN_FLIGHT = 1_024;
const HANDSHAKES_AT_A_TIME = 8;
/** What closes first keeps its port for a while: more would run out of ports. */
const HANDSHAKES_MAX = 1_000;

/** Connections of one process to one endpoint. */
export const CONNECTIONS: readonly number[] = [1, 2, 4, 8];

/** All other loads of one runtime. */
export async function measureOthers(
  plan: Plan,
  ends: Ends,
  ports: { readonly echo: number; readonly endpoint: number },
): Promise<OtherRow[]> {
  const rows = [
    await one("notifications", "notify", IN_FLIGHT, 1),
    await one("10 % answered 5 ms later", "late", LATE_IN_FLIGHT, 1),
  ];
  const most = Math.max(...CONNECTIONS);
  await ends.client.order({ do: "dial", port: ports.echo, count: most - 1 });
  await ends.client.order({ do: "client", port: ports.endpoint, count: most - 1 });
  for (const connections of CONNECTIONS) {
    rows.push(await one("clients", "client", IN_FLIGHT * connections, connections));
  }
  rows.push(await measureHandshakes(plan, ends, ports));
  return rows;

  async function one(
    what: string,
    carrier: Exclude<Carrier, "bare">,
    inFlight: number,
    connections: number,
  ): Promise<OtherRow> {
    const rounds = await play(plan, ends, ["bare", carrier], PAYLOAD, inFlight, connections);
    const ours = rounds[carrier];
    return {
      runtime: ends.runtime,
      what,
      inFlight,
      connections,
      bare: median(rounds.bare.map(rateOf)),
      freshlink: median(ours.map(rateOf)),
      ratio: median(ours.map((round, index) => rateOf(round) / rateOf(rounds.bare[index]!))),
      failed: failures(ours) + failures(rounds.bare),
    };
  }
}

async function measureHandshakes(
  plan: Plan,
  { runtime, client }: Ends,
  ports: { readonly echo: number; readonly endpoint: number },
): Promise<OtherRow> {
  const maxCount = Math.min(plan.maxCount, HANDSHAKES_MAX);
  const options = { atATime: HANDSHAKES_AT_A_TIME, durationMs: plan.durationMs, maxCount };
  const rate = async (carrier: "bare" | "client") => {
    const port = carrier === "bare" ? ports.echo : ports.endpoint;
    const order = { do: "handshakes", carrier, port, options } as const;
    const { count, elapsedMs } = await client.order<Handshakes & Record<string, unknown>>(order);
    return count / elapsedMs * 1_000;
  };
  for (const carrier of ["bare", "client"] as const) await rate(carrier);
  const rounds: { bare: number; freshlink: number }[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    rounds.push({ bare: await rate("bare"), freshlink: await rate("client") });
  }
  return {
    runtime,
    what: "connecting and closing",
    inFlight: HANDSHAKES_AT_A_TIME,
    connections: HANDSHAKES_AT_A_TIME,
    bare: median(rounds.map(({ bare }) => bare)),
    freshlink: median(rounds.map(({ freshlink }) => freshlink)),
    ratio: median(rounds.map(({ bare, freshlink }) => freshlink / bare)),
    failed: 0,
  };
}
