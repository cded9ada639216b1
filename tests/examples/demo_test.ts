// The demonstration, with both kinds of identifiers: what its last line says.

import { assert, assertEquals, assertGreater, assertLess } from "@std/assert";
import type { ConnectionRow } from "../../mod.ts";
import type { DeployResult } from "../../examples/orders/demo/deploy.ts";
import { countRepetitions, readLedger } from "../../examples/orders/ledger.ts";
import { ROOT } from "../../tools/project.ts";

const TIMEOUT_MS = 60_000;

interface Result {
  runtimes: Record<string, string>;
  cut?: { silenceToFirstReplyMs: number; replayedFrames: number };
  orders: Record<"sent" | "ok" | "failed" | "timedOut" | "repeated" | "executedTwice", number>;
  notes?: Record<"told" | "seen" | "doubled" | "outOfOrder", number>;
  takeover: { helloToOldClosedMs: number; helloToFirstReplyMs: number };
  tables: Record<"before" | "during" | "after", ConnectionRow[]>;
}

async function run(args: readonly string[]): Promise<{ code: number; lines: string[] }> {
  const output = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", `${ROOT}examples/orders/demo.ts`, ...args],
    stdin: "null",
    stderr: "inherit",
    env: { NO_COLOR: "1" },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).output();
  const lines = new TextDecoder().decode(output.stdout).trimEnd().split("\n");
  return { code: output.code, lines };
}

function of(peer: string, rows: readonly ConnectionRow[]): ConnectionRow[] {
  return rows.filter((row) => row.peer === peer);
}

for (const identifier of ["counter", "clock"]) {
  Deno.test(`the demonstration, identifier ${identifier}: a restart and not one time-out`, async () => {
    const { code, lines } = await run(["--json", "--identifier", identifier]);
    const result: Result = JSON.parse(lines.at(-1)!);
    const { orders, takeover, tables } = result;
    assertEquals([orders.failed, orders.timedOut, orders.executedTwice, code], [0, 0, 0, 0]);
    assertEquals(orders.ok, orders.sent);
    assertGreater(orders.ok, 100);
    assertEquals(result.runtimes, { SP10: "deno", SP20: "bun", SP30: "node" });

    assertEquals(of("SP20", tables.before).length, 1);
    const during = of("SP20", tables.during);
    assertEquals(during.length, 2);
    const newer = during.find(({ usable }) => usable)!;
    const older = during.find(({ usable }) => !usable)!;
    assertGreater(newer.identifier, older.identifier);
    assert(newer.bootId !== older.bootId);
    assertEquals(of("SP20", tables.after).map(({ bootId }) => bootId), [newer.bootId]);
    assertEquals(tables.after.length, 2);
    assert(takeover.helloToOldClosedMs > 0);
    assertLess(takeover.helloToFirstReplyMs, 5_000);
    const tooWide = lines.slice(0, -1).filter((line) => line.length > 80);
    assertEquals(tooWide, []);
  });
}

Deno.test("the demonstration of a cut: over a second connection, nothing failed, nothing twice", async () => {
  const { code, lines } = await run(["--json", "--fault", "cut"]);
  const { orders, cut, tables }: Result = JSON.parse(lines.at(-1)!);
  assertEquals([orders.failed, orders.timedOut, orders.executedTwice, code], [0, 0, 0, 0]);
  assertEquals([orders.ok, orders.repeated], [orders.sent, 0]);
  assertGreater(cut!.replayedFrames, 0);
  // The suspicion takes a second; the verdict would take ten.
  assertLess(cut!.silenceToFirstReplyMs, 5_000);
  const during = of("SP20", tables.during);
  assertEquals(new Set(during.map(({ bootId }) => bootId)).size, 1);
  assertEquals(of("SP20", tables.after).length, 1);
});

Deno.test("the ledgers tell what one life did twice from what the next one did again", async () => {
  const file = await Deno.makeTempFile();
  try {
    const line = (life: string, order: number) => `${JSON.stringify({ life, order })}\n`;
    const text = [line("a", 1), line("a", 2), line("b", 2), line("b", 3), line("b", 3)].join("");
    await Deno.writeTextFile(file, `${text}{"life": "b", "ord`);
    const lines = readLedger(file);
    assertEquals(lines.length, 5);
    assertEquals(countRepetitions(lines), { repeated: 1, executedTwice: 1 });
  } finally {
    await Deno.remove(file);
  }
});

for (const fault of ["crash", "cut"]) {
  Deno.test(`the demonstration, --load large, --fault ${fault}: nothing fails, nothing twice`, async () => {
    const { code, lines } = await run(["--json", "--load", "large", "--fault", fault]);
    const { orders, notes }: Result = JSON.parse(lines.at(-1)!);
    assertEquals([orders.failed, orders.timedOut, orders.executedTwice, code], [0, 0, 0, 0]);
    assertEquals(orders.ok, orders.sent);
    assertGreater(orders.ok, 20);
    assertEquals(notes, { told: notes!.told, seen: notes!.told, doubled: 0, outOfOrder: 0 });
    assertGreater(notes!.told, 20);
  });
}

Deno.test("the demonstration of a deployment: a group grows, is replaced and loses a machine", async () => {
  const { code, lines } = await run(["--json", "--fault", "deploy"]);
  const { orders, shares, members }: DeployResult = JSON.parse(lines.at(-1)!);
  assertEquals([orders.failed, orders.timedOut, orders.executedTwice], [0, 0, 0]);
  assertEquals([orders.ok, members], [orders.sent, 10]);
  assertGreater(orders.ok, 500);
  assertEquals(Object.keys(shares).length, 3);
  // On a machine that has other things to do, a member may be slower than the others.
  const counts = Object.values(shares);
  assertLess(Math.max(...counts), 2 * Math.min(...counts));
  assert(code === 0 || Math.max(...counts) >= 1.2 * Math.min(...counts));
  const tooWide = lines.slice(0, -1).filter((line) => line.length > 80);
  assertEquals(tooWide, []);
});
