/**
 * One process of the tests with clients: `serve PORT` is an endpoint, `call PORT` a client of it.
 * They take orders as lines of JSON, and run unchanged on Deno, Bun and Node.
 */

import process from "node:process";
import { createInterface } from "node:readline";
import { Client, Endpoint } from "../../mod.ts";

/** An order to either of them, without its number. */
export type ClientOrder =
  /** Calls until so many were made and `stop` has come, so many at a time. */
  | { do: "call"; count: number; inFlight: number }
  | { do: "stop" }
  | { do: "report" };

/** What a client has asked, and what became of it. */
export interface CallReport {
  readonly made: number;
  readonly ok: number;
  /** Codes of those that failed. */
  readonly failed: readonly string[];
  /** Questions of handlers that it has answered, and those that came twice. */
  readonly confirmed: number;
  readonly confirmedTwice: number;
  readonly told: number;
}

/** What was done for one client. */
export interface ServedReport {
  readonly booked: number;
  readonly bookedTwice: number;
  readonly told: number;
  readonly outOfOrder: number;
}

type Counts = { -readonly [Key in keyof ServedReport]: number };

/** Every tenth call is told of before, and its handler asks its caller back. */
const SPECIAL = 10;

const SECRET = "flsecret1-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

type Work = (order: ClientOrder) => unknown;

async function serve(port: number): Promise<Work> {
  const endpoint = await Endpoint.start({ name: "SP10", listen: { port }, secret: SECRET });
  const served = new Map<string, { booked: Set<number>; report: Counts }>();
  const of = (name: string) => {
    let one = served.get(name);
    if (one === undefined) {
      one = { booked: new Set(), report: { booked: 0, bookedTwice: 0, told: 0, outOfOrder: 0 } };
      served.set(name, one);
    }
    return one;
  };
  endpoint.handle("book", async (number: number, context) => {
    const { booked, report } = of(context.caller.name);
    if (booked.has(number)) report.bookedTwice++;
    booked.add(number);
    report.booked++;
    if (number % SPECIAL === 0) await context.request(context.caller, "confirm", number);
    return number;
  });
  const last = new Map<string, number>();
  endpoint.handle("tell", (number: number, { caller: { name } }) => {
    const { report } = of(name);
    if (number <= (last.get(name) ?? -1)) report.outOfOrder++;
    last.set(name, number);
    report.told++;
  });
  return () => Object.fromEntries(Array.from(served, ([name, { report }]) => [name, report]));
}

async function call(name: string, port: number): Promise<Work> {
  const confirmed = new Set<number>();
  const failed: string[] = [];
  const counts = { made: 0, ok: 0, confirmed: 0, confirmedTwice: 0, told: 0 };
  let isStopped = false;
  const client = await Client.connect({
    name,
    hostname: "127.0.0.1",
    port,
    secret: SECRET,
    redialMinMs: 5,
    redialMaxMs: 50,
    requestTimeoutMs: 60_000,
    handlers: {
      confirm: (number: number) => {
        if (confirmed.has(number)) counts.confirmedTwice++;
        confirmed.add(number);
        counts.confirmed++;
        return number;
      },
    },
  });
  const callOnce = async () => {
    const number = counts.made++;
    try {
      if (number % SPECIAL === 0) {
        await client.notify("tell", number);
        counts.told++;
      }
      if (await client.request("book", number) === number) counts.ok++;
      else failed.push("another answer");
    } catch (error) {
      failed.push(String((error as { code?: string }).code ?? error));
    }
  };
  return async (order) => {
    if (order.do === "stop") isStopped = true;
    if (order.do === "call") {
      const loop = async () => {
        while (counts.made < order.count || !isStopped) await callOnce();
      };
      await Promise.all(Array.from({ length: order.inFlight }, loop));
      await client.flush({ timeoutMs: 60_000 });
      await client.close();
    }
    return { ...counts, failed };
  };
}

const [role, name, port] = process.argv.slice(2) as [string, string, string];
const work = role === "serve" ? await serve(Number(port)) : await call(name, Number(port));
const say = (answer: object) => process.stdout.write(`${JSON.stringify(answer)}\n`);
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  const { id, ...order } = JSON.parse(line) as ClientOrder & { id: number };
  Promise.resolve(work(order as ClientOrder)).then(
    (answer) => say({ id, ...answer as object }),
    (error) => say({ id, failure: String(error) }),
  );
});
lines.on("close", () => process.exit(0));
say({ id: 0, ready: true });
