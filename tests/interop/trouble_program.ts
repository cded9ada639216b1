/**
 * Links that cannot come about, and ends on `localhost`, on whichever runtime it runs: an order is a
 * line of JSON on its standard input.
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { Endpoint, type EndpointOptions, LinkError } from "../../mod.ts";
import { requestError } from "../support/endpoints.ts";
import { failedAttempt, TROUBLES, twoEnds, warnings } from "../support/trouble.ts";

/** The title of a trouble, or ends on `localhost` without a name. */
export type TroubleOrder = { readonly title: string } | { readonly localhost: true };

/** What a caller and the console were told. */
export interface Told {
  readonly code: string;
  readonly cause: string;
  readonly text: string;
  readonly lines: readonly string[];
}

const TIMEOUT_MS = 150;

async function play(title: string): Promise<Told> {
  const { left, right, causes, text } = TROUBLES.find((trouble) => trouble.title === title)!;
  const [one, other] = await twoEnds(left, right);
  let told: Omit<Told, "lines"> | null = null;
  const lines = await warnings(async () => {
    const ends = [
      await Endpoint.start(one),
      await Endpoint.start({ ...other, consoleNotices: false }),
    ] as const;
    const found = await failedAttempt(ends[0], "SP20", causes, text);
    const call = ends[0].request("SP20", "none", 1, { timeoutMs: TIMEOUT_MS });
    const { code, cause } = await requestError(call);
    if (!(cause instanceof LinkError)) throw new Error(`${code} has the cause ${cause}`);
    told = { code, cause: cause.code, text: found.message };
    for (const end of ends) await end.close({ drainMs: 0 });
  });
  return { ...told!, lines };
}

/** Two ends that know each other as `localhost:PORT`; answers their names and what came back. */
async function onLocalhost() {
  const [{ listen: one }, { listen: other }] = await twoEnds({}, {});
  const options = (own: number, peer: number): EndpointOptions => ({
    listen: { hostname: "localhost", port: own },
    peers: [{ hostname: "localhost", port: peer }],
  });
  const ports = [one.port!, other.port!] as const;
  const ends = [
    await Endpoint.start(options(...ports)),
    await Endpoint.start(options(ports[1], ports[0])),
  ] as const;
  ends[1].handle("echo", (payload) => payload);
  const echo = await ends[0].request(`localhost:${ports[1]}`, "echo", 1);
  for (const end of ends) await end.close();
  return { names: ends.map(({ name }) => name.replace(/\d+/, "PORT")), echo };
}

process.stdout.write(`${JSON.stringify({ id: 0 })}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  const { id, ...order } = JSON.parse(line) as TroubleOrder & { id: number };
  const result = await ("title" in order ? play(order.title) : onLocalhost())
    .catch((error) => ({ failure: String(error) }));
  process.stdout.write(`${JSON.stringify({ id, ...result })}\n`);
}
