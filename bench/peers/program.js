/**
 * One process that serves or calls through one of the libraries. Runs on Node.
 *
 *     node program.js versions NAME
 *     node program.js smoke NAME
 *     node program.js serve NAME SETUP    until its standard input ends
 *     node program.js call NAME SETUP     takes orders as lines of JSON
 *
 * SETUP is JSON: `own` and `other` are `{ hostname, port }`; `pings` switches keep-alive pings on;
 * a server notes every call in `ledgerFile`.
 */

import { Buffer } from "node:buffer";
import { appendFileSync, readFileSync } from "node:fs";
import process from "node:process";
import { createInterface } from "node:readline";

const HOLD_MS = 500;
const PAUSE_MS = 4;
/** After an error the next call waits, as an application would. */
const RETRY_MS = 100;
/** Who has waited for so long will wait for ever. */
const STUCK_MS = 5_000;
const LOOPS = [false, false, false, false, false, false, true, true];

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** The version of the package that a module measures. */
function versionOf(packageName) {
  const manifest = packageName === "freshlink"
    ? "../../deno.json"
    : `node_modules/${packageName}/package.json`;
  return JSON.parse(readFileSync(new URL(manifest, import.meta.url), "utf8"))
    .version;
}

/** A payload: whether the handler holds it, its number, and zeros. */
function payloadOf(number, hold, bytes = 64) {
  const payload = new Uint8Array(bytes);
  const view = new DataView(payload.buffer);
  view.setUint8(0, hold ? 1 : 0);
  view.setUint32(4, number);
  return payload;
}

function same(left, right) {
  return Buffer.compare(left, right) === 0;
}

/** Answers what it is asked. */
function handler(ledgerFile) {
  return async (payload) => {
    if (ledgerFile !== undefined) {
      const view = new DataView(
        payload.buffer,
        payload.byteOffset,
        payload.byteLength,
      );
      appendFileSync(ledgerFile, `${view.getUint32(4)}\n`);
      if (view.getUint8(0) === 1) await pause(HOLD_MS);
    }
    return payload;
  };
}

/** The calls of one client, and what became of them. */
class Calls {
  #client;
  #all = [];
  #struck = [];
  #fresh = null;
  #lastNumber = 0;

  constructor(client) {
    this.#client = client;
  }

  /** Calls without pause. */
  load() {
    for (const hold of LOOPS) void this.#loop(hold);
  }

  /** The fault strikes now: the calls that are open are the ones in flight. */
  strike() {
    this.#struck = this.#all.filter(({ endedAtMs }) => endedAtMs === null);
  }

  /** One call that begins now. */
  fresh() {
    this.#fresh = this.#begin(false);
  }

  report() {
    const ended = this.#all.filter(({ endedAtMs }) => endedAtMs !== null);
    const oldMs = Date.now() - STUCK_MS;
    const failures = {};
    for (const { error } of ended) {
      if (error !== null) failures[error] = (failures[error] ?? 0) + 1;
    }
    const told = ({ startedAtMs, endedAtMs, error }) => ({
      startedAtMs,
      endedAtMs,
      error,
    });
    return {
      ok: ended.filter(({ error }) => error === null).length,
      failures,
      stuck: this.#all.filter((one) => one.endedAtMs === null && one.startedAtMs < oldMs).length,
      struck: this.#struck.map(told),
      fresh: this.#fresh === null ? null : told(this.#fresh),
      okAtMs: ended.filter(({ error }) => error === null).map((one) => one.endedAtMs),
    };
  }

  async #loop(hold) {
    for (;;) {
      const one = this.#begin(hold);
      await one.done;
      await pause(one.error === null ? PAUSE_MS : RETRY_MS);
    }
  }

  #begin(hold) {
    const payload = payloadOf(++this.#lastNumber, hold);
    const one = {
      startedAtMs: Date.now(),
      endedAtMs: null,
      error: null,
      done: null,
    };
    this.#all.push(one);
    one.done = Promise.resolve().then(() => this.#client.call(payload)).then(
      (answer) => {
        one.endedAtMs = Date.now();
        if (!same(answer, payload)) one.error = "a wrong answer";
      },
      (error) => {
        one.endedAtMs = Date.now();
        one.error = String(error?.code ?? error?.name ?? error);
      },
    );
    return one;
  }
}

/** So many calls at a time for so long. */
async function measure(client, { bytes, inFlight, durationMs }) {
  const payload = payloadOf(0, false, bytes);
  const untilMs = performance.now() + durationMs;
  const roundTrips = [];
  let failed = 0;
  const startedMs = performance.now();
  const loop = async () => {
    for (let nowMs = performance.now(); nowMs < untilMs;) {
      const answer = await client.call(payload);
      if (!same(answer, payload)) failed++;
      const endMs = performance.now();
      roundTrips.push(endMs - nowMs);
      nowMs = endMs;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  const rate = roundTrips.length / ((performance.now() - startedMs) / 1_000);
  roundTrips.sort((left, right) => left - right);
  return { rate, p50Ms: roundTrips[roundTrips.length >> 1], failed };
}

function takeOrders(client) {
  const calls = new Calls(client);
  const obey = async (order) => {
    switch (order.do) {
      case "load":
        return calls.load();
      case "strike":
        return calls.strike();
      case "fresh":
        return calls.fresh();
      case "report":
        return calls.report();
      case "measure":
        return await measure(client, order);
    }
    throw new Error(`There is no order "${order.do}"`);
  };
  createInterface({ input: process.stdin }).on("line", async (line) => {
    const { id, ...order } = JSON.parse(line);
    const answer = await obey(order).catch((error) => ({
      failure: error?.stack ?? String(error),
    }));
    console.log(JSON.stringify({ id, ...answer }));
  }).on("close", () => process.exit(0));
  console.log(JSON.stringify({ id: 0 }));
}

/** A thousand calls and a large one, in one process. */
async function smoke(library) {
  const own = { hostname: "127.0.0.1", port: 21_100 };
  const other = { hostname: "127.0.0.1", port: 21_200 };
  const server = await library.serve({ own, other, handle: handler() });
  const client = await library.connect({
    own: other,
    other: own,
    pings: false,
  });
  const { rate, failed } = await measure(client, {
    bytes: 64,
    inFlight: 16,
    durationMs: 500,
  });
  const large = new Uint8Array(500_000).fill(7);
  if (failed > 0 || !same(await client.call(large), large)) {
    throw new Error("a wrong answer");
  }
  await client.close();
  await server.close();
  return { rate };
}

// A library that throws outside of any call must not end the measurement unseen.
process.on("uncaughtException", (error) => console.error(error));
process.on("unhandledRejection", (error) => console.error(error));

const [role, name, setupText = "{}"] = process.argv.slice(2);
const library = await import(`./${name}.js`);
const setup = JSON.parse(setupText);
const version = versionOf(library.packageName);
if (role === "versions") {
  console.log(JSON.stringify({ name, version }));
} else if (role === "smoke") {
  console.log(JSON.stringify({ name, version, ...await smoke(library) }));
  // What keeps a process alive is not measured here.
  process.exit(0);
} else if (role === "serve") {
  await library.serve({ ...setup, handle: handler(setup.ledgerFile) });
  process.stdin.resume().on("close", () => process.exit(0));
  console.log(JSON.stringify({ id: 0 }));
} else if (role === "call") {
  takeOrders(await library.connect(setup));
} else {
  console.error("See the head of program.js");
  process.exit(2);
}
