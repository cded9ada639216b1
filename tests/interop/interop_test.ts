// Every ordered pair of the three runtimes: requests, notifications, a large payload, a cancel, and
// the abrupt end of one process, whose successor takes the link over.

import { assert, assertEquals } from "@std/assert";
import type { ConnectionRow } from "../../mod.ts";
import { OrderedProcess } from "../../tools/ordered_process.ts";
import type { RuntimeName } from "../../tools/runtimes.ts";
import { freePort } from "../support/endpoints.ts";
import type { LoadReport, Order } from "./program.ts";

interface Report {
  notified: number;
  cancelled: number;
  running: number;
  booked: number;
  events: string[];
  rows: ConnectionRow[];
}

const RUNTIMES: readonly RuntimeName[] = ["deno", "bun", "node"];
const PROGRAM = `${import.meta.dirname}/program.ts`;
/** `FRESHLINK_STREAM_BYTES=100000000 deno test -A tests/interop/interop_test.ts` takes longer. */
const STREAM_BYTES = Number(Deno.env.get("FRESHLINK_STREAM_BYTES") ?? 5_000_000);
const ORDER_TIMEOUT_MS = 30_000;

/** Asks a process for its report until it fulfils the condition. */
async function until(
  process: OrderedProcess<Order>,
  condition: (report: Report) => boolean,
): Promise<Report> {
  const untilMs = performance.now() + ORDER_TIMEOUT_MS;
  for (;;) {
    const report = await process.order<Report>({ do: "report" });
    if (condition(report)) return report;
    if (performance.now() > untilMs) throw new Error(`never so: ${JSON.stringify(report)}`);
  }
}

function start(runtime: RuntimeName, ...args: readonly string[]): Promise<OrderedProcess<Order>> {
  return OrderedProcess.start<Order>({ runtime, program: PROGRAM, args });
}

async function exchange(left: RuntimeName, right: RuntimeName): Promise<void> {
  const ports = { left: String(freePort()), right: String(freePort()) };
  const startRight = () => start(right, "SP20", ports.right, "SP10", ports.left);
  await using a = await start(left, "SP10", ports.left, "SP20", ports.right);
  await using b = await startRight();
  const { ready: firstLife } = await b.ready;

  for (const [from, peer] of [[a, "SP20"], [b, "SP10"]] as const) {
    const payload = { text: "ä€𝄞", list: [1, 2, 3] };
    const echoed = await from.order({ do: "request", peer, service: "echo", payload });
    assertEquals(echoed.ok, payload);
    const failed = await from.order({ do: "request", peer, service: "fail", payload: null });
    assertEquals(
      [failed.code, failed.delivery, failed.details, failed.peer],
      ["handler-failed", "executed", { left: 0 }, peer],
    );
    assertEquals((await from.order({ do: "large", peer, bytes: 5 * 1_048_576 })).ok, true);
    assertEquals((await from.order({ do: "notify", peer, count: 50 })).ok, true);
    const cancelled = await from.order({ do: "cancel", peer });
    assertEquals([cancelled.code, cancelled.delivery], ["cancelled", "maybe-executed"]);
    const other = from === a ? b : a;
    const report = await until(other, ({ notified, cancelled }) => notified >= 50 && cancelled > 0);
    assertEquals([report.notified, report.cancelled], [50, 1]);
  }

  // Streams both ways at once, of both ends.
  const streams = ([[a, "SP20"], [b, "SP10"]] as const).map(([from, peer]) =>
    from.order({ do: "stream", peer, bytes: STREAM_BYTES })
  );
  assertEquals((await Promise.all(streams)).map(({ ok }) => ok), [true, true]);

  // Both ways at once, as much as fits by default.
  const both = ([[a, "SP20"], [b, "SP10"]] as const).map(([from, peer]) =>
    from.order({ do: "large", peer, bytes: 16 * 1_048_576 })
  );
  assertEquals((await Promise.all(both)).map(({ ok }) => ok), [true, true]);

  // The right one dies while it has two requests; one of them may be sent again.
  const pending = [
    a.order({ do: "hang", peer: "SP20", idempotent: false, timeoutMs: 20_000 }),
    a.order({ do: "hang", peer: "SP20", idempotent: true, timeoutMs: 20_000 }),
  ] as const;
  await until(b, ({ running }) => running === 3);
  b.kill();
  await b.ended;
  await using successor = await startRight();
  const { ready: secondLife } = await successor.ready;
  const lost = await pending[0];
  assertEquals([lost.code, lost.delivery], ["peer-restarted", "maybe-executed"]);
  await until(successor, ({ running }) => running === 1);
  const { rows } = await until(a, ({ rows }) => rows.length === 1 && rows[0]!.usable);
  assert(firstLife !== secondLife);
  assertEquals(rows[0]!.bootId, secondLife);
  const mirrored = await until(successor, ({ rows }) => rows.length === 1);
  assertEquals(mirrored.rows[0]!.identifier, rows[0]!.identifier);
  // It closes in good order; what it could not finish is told at once, not at the deadline.
  const unfinished = a.order({ do: "hang", peer: "SP20", idempotent: false, timeoutMs: 20_000 });
  await until(successor, ({ running }) => running === 2);
  assertEquals((await successor.order({ do: "close" })).ok, true);
  const told = await unfinished;
  assertEquals([told.code, told.delivery], ["peer-down", "maybe-executed"]);
}

for (const left of RUNTIMES) {
  for (const right of RUNTIMES) {
    Deno.test(`interop: ${left} with ${right}`, () => exchange(left, right));
  }
}

Deno.test("interop: a rolling restart under load loses nothing and doubles nothing", async () => {
  const names = ["SP10", "SP20", "SP30"];
  const runtimes: readonly RuntimeName[] = RUNTIMES;
  const ports = names.map(() => String(freePort()));
  const startMember = (index: number) => {
    const others = names.flatMap((name, other) => other === index ? [] : [name, ports[other]!]);
    return start(runtimes[index]!, names[index]!, ports[index]!, ...others);
  };
  await using stack = new AsyncDisposableStack();
  const use = async (index: number) => stack.use(await startMember(index));
  const members = await Promise.all(names.map((_, index) => use(index)));
  const isWhole = () =>
    Promise.all(
      members.map((member) =>
        until(member, ({ rows }) => rows.filter(({ usable }) => usable).length === 2)
      ),
    );
  await isWhole();
  const booked: string[] = [];
  const reports: LoadReport[] = [];
  const end = async (member: OrderedProcess<Order>) => {
    reports.push(await member.order<LoadReport>({ do: "stop" }));
    booked.push(...(await member.order<{ booked: string[] }>({ do: "close" })).booked);
    await member.ended;
  };
  for (const member of members) await member.order({ do: "load", inFlight: 16 });
  for (const index of names.keys()) {
    const before = members[index]!;
    await until(before, ({ booked }) => booked > 500);
    await end(before);
    members[index] = await use(index);
    await members[index]!.order({ do: "load", inFlight: 16 });
    await isWhole();
  }
  // The load ends everywhere before anybody closes.
  for (const member of members) reports.push(await member.order<LoadReport>({ do: "stop" }));
  for (const member of members) {
    booked.push(...(await member.order<{ booked: string[] }>({ do: "close" })).booked);
  }
  assertEquals(reports.flatMap(({ failed }) => failed), []);
  const sent = reports.reduce((sum, report) => sum + report.sent, 0);
  assert(sent > 1_000, `${sent} requests are hardly a load`);
  assertEquals(reports.reduce((sum, report) => sum + report.ok, 0), sent);
  assertEquals([booked.length, new Set(booked).size], [sent, sent], "booked once each");
});
