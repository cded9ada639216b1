/**
 * The demonstration: three server processes on three runtimes, a crash, a restart, and not one
 * time-out. `deno task demo`; `--help` tells the options.
 *
 * SP10 (orders), SP20 (accounts) and SP30 (stock) run from the definition files beside this one.
 * Each machine hangs on a cable that can fall silent. SP20's machine dies and comes back while a
 * client places orders without pause; the ledgers are counted afterwards.
 */

import { parseArgs } from "node:util";
import { Client, type ConnectionRow, type EndpointTable, TABLE_SERVICE } from "../../mod.ts";
import { newSecret } from "../../src/options/secret.ts";
import { hostRandom } from "../../src/runtime/host.ts";
import { findRuntime, type RuntimeName } from "../../tools/runtimes.ts";
import { deploy, isWellDeployed } from "./demo/deploy.ts";
import { Load } from "./demo/load.ts";
import { layCables, Machine, readConfigs } from "./demo/machines.ts";
import { headline, ms, paint, printSecond, printTable } from "./demo/print.ts";
import { countRepetitions, readLedger } from "./ledger.ts";
import type { NoteCount, Takeover } from "./orders.ts";

const HELP = `Three server processes on three runtimes, a crash, a restart, and not one time-out.

  deno task demo [--fault crash|cut|deploy] [--load small|large] [--identifier counter|clock]
                 [--inspect] [--json]

  --fault crash       SP20's machine dies and comes back (the default)
  --fault cut         SP20's cable swallows everything, while all processes live; the orders may
                      not be executed again
  --fault deploy      a group of three grows to five, is replaced one by one, loses a machine
  --load small        orders of some bytes (the default)
  --load large        orders and answers of 0 to 1 MiB; SP30 asks SP10 back, and SP10 tells SP30 of
                      each order beside
  --identifier MODE   what tells the newer of two connections: a count or a time
  --inspect           a page shows what SP10 sees; it stays until Ctrl+C
  --json              the last line is one JSON object with the result
  --help              this

Exit code 0: every order was done, no life of a process executed one twice, and every notification
was handled once and in order. 1: not so.
`;

const FOLDER = `${import.meta.dirname}/`;
const RUNTIMES: Readonly<Record<string, RuntimeName>> = { SP10: "deno", SP20: "bun", SP30: "node" };
const HANDLERS: Readonly<Record<string, string>> = {
  SP10: "orders.ts",
  SP20: "accounts.ts",
  SP30: "stock.ts",
};

/** How long each part takes, in seconds of orders. */
const BEFORE_S = 3;
const DOWN_S = 2;
const AFTER_S = 4;

const READY_TIMEOUT_MS = 10_000;
const POLL_MS = 20;

/** The whole result: the last line with `--json`. */
interface Result {
  readonly runtimes: Record<string, string>;
  readonly orders: {
    sent: number;
    ok: number;
    failed: number;
    timedOut: number;
    repeated: number;
    executedTwice: number;
  };
  /** With `--load large` only. */
  readonly notes?: NoteCount;
  readonly takeover: { helloToOldClosedMs: number | null; helloToFirstReplyMs: number | null };
  /** With `--fault cut` only. */
  readonly cut?: { silenceToFirstReplyMs: number | null; replayedFrames: number };
  readonly tables: { before: ConnectionRow[]; during: ConnectionRow[]; after: ConnectionRow[] };
}

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      help: { type: "boolean", default: false },
      fault: { type: "string", default: "crash" },
      load: { type: "string", default: "small" },
      identifier: { type: "string", default: "counter" },
      inspect: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const isCut = values.fault === "cut";
  const isLarge = values.load === "large";
  const isDeploy = values.fault === "deploy";
  const isKnown = (isCut || isDeploy || values.fault === "crash") &&
    (isLarge || values.load === "small") &&
    ["counter", "clock"].includes(values.identifier);
  if (!isKnown) {
    console.error(`${HELP}
--fault is crash, cut or deploy, --load is small or large, --identifier is counter or clock`);
    return 64;
  }
  const runFolder = await Deno.makeTempDir({ prefix: "freshlink-demo-" });
  if (isDeploy) return await runDeploy(runFolder, values.json);
  const machines = await buildMachines(runFolder, values.identifier, values.inspect);
  const relays = layCables(machines.list, machines.configs);
  const end = async () => {
    await Promise.all(machines.list.map((machine) => machine.stop()));
    for (const relay of relays) relay.close();
    await Deno.remove(runFolder, { recursive: true });
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => end().finally(() => Deno.exit(130)));
  }
  let result: Result;
  try {
    result = await run(machines.list, isCut, isLarge);
    if (values.json) console.log(JSON.stringify(result));
    if (values.inspect) await stay(machines.list[0]!);
  } finally {
    await end();
  }
  return isGood(result) ? 0 : 1;
}

/** The page can be looked at for as long as one likes: a signal ends the process. */
async function stay({ inspectorUrl }: Machine): Promise<void> {
  headline(`The page stays at ${inspectorUrl} until Ctrl+C`);
  await new Promise(() => {});
}

async function runDeploy(runFolder: string, isJson: boolean): Promise<number> {
  const secret = newSecret(hostRandom);
  try {
    const result = await deploy(runFolder, `${FOLDER}${HANDLERS["SP30"]}`, secret);
    if (isJson) console.log(JSON.stringify(result));
    return isWellDeployed(result) ? 0 : 1;
  } finally {
    await Deno.remove(runFolder, { recursive: true });
  }
}

async function buildMachines(runFolder: string, identifier: string, isInspected: boolean) {
  const names = Object.keys(RUNTIMES);
  const secret = newSecret(hostRandom);
  const configs = await readConfigs(FOLDER, names);
  const list: Machine[] = [];
  for (const name of names) {
    const { runtime, executable } = await runtimeFor(name);
    const config = { ...configs.get(name)!, identifier, secret };
    const configFile = `${runFolder}/${name}.json`;
    await Deno.writeTextFile(configFile, JSON.stringify(config));
    const ledger = `${runFolder}/${name}.ledger`;
    await Deno.writeTextFile(ledger, "");
    const handlers = `${FOLDER}${HANDLERS[name]}`;
    const isShown = isInspected && name === "SP10";
    const options = { name, runtime, executable, handlers, config, configFile, ledger, isShown };
    list.push(new Machine(options));
  }
  return { list, configs };
}

/** The runtime of a machine; Deno, which is here, where its own cannot be had. */
async function runtimeFor(name: string): Promise<{ runtime: RuntimeName; executable: string }> {
  const runtime = RUNTIMES[name]!;
  try {
    return { runtime, executable: await findRuntime(runtime) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.log(paint(33, `${name} runs on Deno, because ${runtime} is not to be had: ${reason}`));
    return { runtime: "deno", executable: Deno.execPath() };
  }
}

async function run(
  machines: readonly Machine[],
  isCut: boolean,
  isLarge: boolean,
): Promise<Result> {
  const [sp10, sp20] = machines as [Machine, Machine, Machine];
  headline("Three machines start");
  for (const { name, runtime, port } of machines) {
    console.log(`  ${name} on ${runtime.padEnd(4)}  port ${port}`);
  }
  await Promise.all(machines.map((machine) => machine.start()));
  if (sp10.inspectorUrl !== null) {
    headline(`Open ${sp10.inspectorUrl} in a browser: it shows what SP10 sees`);
  }
  const secret = sp10.secret;
  await using client = await Client.connect({ hostname: "127.0.0.1", port: sp10.port, secret });
  const before = await tableWhen(
    client,
    // Dials that crossed at the start have been decided too.
    (rows) => rows.length === 2 && usableRows(rows).length === 2,
  );

  headline("SP10's table before");
  printTable(before);
  headline("A client places orders; SP10 asks SP20 and SP30 for each");
  const load = new Load(client, !isCut, isLarge);
  let takeover: Takeover;
  try {
    const clock = new SecondClock(load);
    await clock.pass(BEFORE_S);
    await (isCut ? cut(sp20, clock) : crash(sp20, clock));
    takeover = await takeoverOf(client, "SP20");
    headline("SP10's table during: two connections to SP20, the greater identifier is used");
    printTable(takeover.during);
    await clock.pass(AFTER_S);
  } finally {
    await load.stop();
  }
  const notes = isLarge ? await client.request<NoteCount>("notes") : null;
  const after = await table(client);
  headline("SP10's table after");
  printTable(after);
  const { helloToOldClosedMs, helloToFirstReplyMs, silenceToFirstReplyMs } = takeover;
  const { replayedFrames } = takeover;
  const result: Result = {
    runtimes: Object.fromEntries(machines.map(({ name, runtime }) => [name, runtime])),
    orders: { ...load.count, ...ledgerCount(machines) },
    ...(notes === null ? {} : { notes }),
    takeover: { helloToOldClosedMs, helloToFirstReplyMs },
    ...(isCut ? { cut: { silenceToFirstReplyMs, replayedFrames } } : {}),
    tables: { before, during: takeover.during, after },
  };
  printSummary(result, load.firstError);
  return result;
}

/** The machine dies without a word, and comes back. */
async function crash(sp20: Machine, clock: SecondClock): Promise<void> {
  headline("SP20's machine dies: its cable falls silent, nobody sends FIN or RST");
  await sp20.crash();
  await clock.pass(DOWN_S);
  headline("SP20 is back on a new cable, and dials in");
  sp20.cable.replace();
  await sp20.start();
}

/** The connections through the cable are silent from now on; new ones work. */
async function cut(sp20: Machine, clock: SecondClock): Promise<void> {
  headline("SP20's cable swallows everything that goes over the present connections");
  sp20.cable.cut();
  sp20.cable.replace();
  await clock.pass(DOWN_S);
}

function isGood({ orders, notes }: Result): boolean {
  const { failed, timedOut, executedTwice } = orders;
  if (failed + timedOut + executedTwice > 0) return false;
  if (notes === undefined) return true;
  return notes.seen === notes.told && notes.doubled + notes.outOfOrder === 0;
}

function printSummary(result: Result, firstError: string | null): void {
  const { orders, takeover, cut, notes } = result;
  headline("Summary");
  const verdict = isGood(result) ? paint(32, "all done") : paint(31, "NOT all done");
  console.log(`  ${orders.ok} of ${orders.sent} orders done: ${verdict}`);
  console.log(`  ${orders.failed} failed, ${orders.timedOut} timed out`);
  console.log(`  ${orders.executedTwice} executed twice by one life of a process`);
  if (notes !== undefined) {
    console.log(`  ${notes.seen} of ${notes.told} notifications handled, \
${notes.doubled} twice, ${notes.outOfOrder} out of order`);
  }
  if (cut === undefined) {
    console.log(`  ${orders.repeated} executed again by SP20's next life, known by their numbers`);
  } else {
    const { silenceToFirstReplyMs, replayedFrames } = cut;
    console.log(
      `  last answer before the cut to the first one after it: ${ms(silenceToFirstReplyMs)}`,
    );
    console.log(`  ${replayedFrames} frames sent again over the second connection`);
  }
  console.log(`  first hello of the new connection to`);
  console.log(`    the dead connection closed: ${ms(takeover.helloToOldClosedMs)}`);
  console.log(`    the first order answered:   ${ms(takeover.helloToFirstReplyMs)}`);
  if (firstError !== null) console.log(paint(31, `  first error: ${firstError}`));
}

function ledgerCount(machines: readonly Machine[]): { repeated: number; executedTwice: number } {
  let repeated = 0;
  let executedTwice = 0;
  for (const { ledger } of machines) {
    const count = countRepetitions(readLedger(ledger));
    repeated += count.repeated;
    executedTwice += count.executedTwice;
  }
  return { repeated, executedTwice };
}

/** Prints a line each second. */
class SecondClock {
  readonly #load: Load;
  #second = 0;
  #ok = 0;
  #failed = 0;

  constructor(load: Load) {
    this.#load = load;
  }

  async pass(seconds: number): Promise<void> {
    for (let index = 0; index < seconds; index++) {
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const { ok, failed, timedOut } = this.#load.count;
      const bad = failed + timedOut;
      printSecond(++this.#second, ok - this.#ok, bad - this.#failed);
      this.#ok = ok;
      this.#failed = bad;
    }
  }
}

async function table(client: Client): Promise<ConnectionRow[]> {
  return (await client.request<EndpointTable>(TABLE_SERVICE)).rows as ConnectionRow[];
}

function usableRows(rows: readonly ConnectionRow[]): ConnectionRow[] {
  return rows.filter(({ usable }) => usable);
}

function tableWhen(
  client: Client,
  fits: (rows: ConnectionRow[]) => boolean,
): Promise<ConnectionRow[]> {
  return poll("the links between the machines are not up", async () => {
    const rows = await table(client);
    return fits(rows) ? rows : null;
  });
}

function takeoverOf(client: Client, peer: string): Promise<Takeover> {
  return poll(`nothing took the place of ${peer}'s dead connection`, async () => {
    const takeovers = await client.request<Takeover[]>("takeovers");
    const found = takeovers.find((one) => one.peer === peer);
    if (found === undefined || found.helloToOldClosedMs === null) return null;
    return found.helloToFirstReplyMs === null ? null : found;
  });
}

async function poll<Value>(what: string, look: () => Promise<Value | null>): Promise<Value> {
  const untilMs = performance.now() + READY_TIMEOUT_MS;
  for (;;) {
    const value = await look();
    if (value !== null) return value;
    if (performance.now() > untilMs) {
      throw new Error(`The demonstration cannot go on: ${what} after ${READY_TIMEOUT_MS} ms`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

Deno.exit(await main(Deno.args));
