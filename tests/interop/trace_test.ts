// One request through three processes on three runtimes is one trace with the right parents, also
// where the last of them dies under it and its next life answers.

import { SpanKind } from "@opentelemetry/api";
import { assert, assertEquals } from "@std/assert";
import { OrderedProcess } from "../../tools/ordered_process.ts";
import type { RuntimeName } from "../../tools/runtimes.ts";
import { freePort } from "../support/endpoints.ts";
import type { Order, SpanReport } from "./trace_program.ts";

const PROGRAM = `${import.meta.dirname}/trace_program.ts`;

function start(runtime: RuntimeName, ...args: readonly string[]): Promise<OrderedProcess<Order>> {
  return OrderedProcess.start<Order>({ runtime, program: PROGRAM, args });
}

/** The spans of a chain of calls, from the first caller to the last callee. */
function chainOf(spans: readonly SpanReport[]): SpanReport[] {
  const chain = spans.filter(({ parent }) => parent === undefined);
  for (let last = chain[0]; last !== undefined;) {
    const { spanId } = last;
    last = spans.find(({ parent }) => parent === spanId);
    if (last !== undefined) chain.push(last);
  }
  return chain;
}

Deno.test("trace: three processes on three runtimes, and the next life of the last", async () => {
  const [one, two, three] = [freePort(), freePort(), freePort()].map(String) as [
    string,
    string,
    string,
  ];
  const startLast = (life: string) => start("node", "SP30", three, "SP20", two, life);
  await using first = await start("deno", "SP10", one, "SP20", two, "1");
  await using middle = await start("bun", "SP20", two, "SP30", three, "1", "SP10", one);
  await using last = await startLast("1");
  const spansOf = async (...processes: readonly OrderedProcess<Order>[]) => {
    const reports = await Promise.all(
      processes.map((process) => process.order<{ spans: SpanReport[] }>({ do: "spans" })),
    );
    return reports.flatMap(({ spans }) => spans);
  };
  const kinds = [SpanKind.CLIENT, SpanKind.SERVER, SpanKind.CLIENT, SpanKind.SERVER];

  assertEquals((await first.order({ do: "ask", hang: false })).ok, "SP30");
  const quiet = chainOf(await spansOf(first, middle, last));
  assertEquals(quiet.map(({ kind }) => kind), kinds);
  assertEquals(new Set(quiet.map(({ traceId }) => traceId)).size, 1);
  assertEquals(quiet.map(({ attributes }) => attributes["freshlink.peer"]), [
    "SP20",
    "SP10",
    "SP30",
    "SP20",
  ]);

  const answer = first.order({ do: "ask", hang: true });
  for (let hanging = 0; hanging === 0;) {
    hanging = (await last.order<{ hanging: number }>({ do: "hanging" })).hanging;
  }
  last.kill();
  await last.ended;
  await using successor = await startLast("2");
  const { ready: life } = await successor.ready;
  assertEquals((await answer).ok, "SP30");
  const taken = chainOf(await spansOf(first, middle, successor));
  assertEquals(taken.map(({ kind }) => kind), kinds);
  assertEquals(new Set(taken.map(({ traceId }) => traceId)).size, 1);
  const over = taken[2]!;
  assertEquals(over.attributes["freshlink.boot_id"], life);
  const takeover = over.events.find(({ name }) => name === "freshlink.takeover");
  assert(takeover !== undefined, JSON.stringify(over.events));
  assertEquals(takeover.attributes["freshlink.new_process"], true);
  assertEquals(takeover.attributes["freshlink.boot_id"], life);
});
