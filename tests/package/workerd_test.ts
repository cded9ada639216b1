/**
 * A client on Cloudflare's workerd, under miniflare: in a plain worker and in a Durable Object, with
 * the flag that gives it Node's modules and without. The endpoint runs here, from the sources.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { build, stop } from "esbuild";
import { OrderedProcess } from "../../tools/ordered_process.ts";
import { ROOT } from "../../tools/project.ts";
import { freePort, Watched } from "../support/endpoints.ts";
import { type Builder, BUILDERS, Tarball } from "./tarball.ts";

const SECRET = "a secret of these two alone";
const TIMEOUT_MS = 40_000;

/** How soon a client gives a silent endpoint up, in milliseconds. */
const DEAD_AFTER_MS = 1_000;

/** Nothing but heartbeats keeps a connection for so long. */
const IDLE_MS = 3 * DEAD_AFTER_MS;

const WORKER = `
import { Client } from "freshlink";
export { Stock } from "./stock.js";

const connect = (port) =>
  Client.connect({
    hostname: "127.0.0.1",
    port,
    secret: ${JSON.stringify(SECRET)},
    heartbeatIntervalMs: ${DEAD_AFTER_MS / 4},
    deadAfterMs: ${DEAD_AFTER_MS},
  });

async function answer(work) {
  try {
    return Response.json({ life: await work() });
  } catch (error) {
    const text = [error.message, error.cause?.message].join(" ");
    return Response.json({ code: error.code, text });
  }
}

let shared = null;

export default {
  fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/stock") {
      const order = { method: "POST", body: JSON.stringify({ quantity: 3 }) };
      return env.STOCK.get(env.STOCK.idFromName("one")).fetch("http://stock/", order);
    }
    if (pathname === "/held") return env.HELD.get(env.HELD.idFromName("one")).fetch(request);
    return answer(async () => {
      if (pathname === "/shared") {
        shared ??= await connect(Number(searchParams.get("port")));
        return await shared.request("life", null, { timeoutMs: 3_000 });
      }
      const client = await connect(Number(searchParams.get("port")));
      try {
        return await client.request("life", null, { timeoutMs: 10_000 });
      } finally {
        await client.close();
      }
    });
  },
};

export class Held {
  #client = null;
  fetch(request) {
    return answer(async () => {
      this.#client ??= connect(Number(new URL(request.url).searchParams.get("port")));
      const client = await this.#client;
      return await client.request("life", null, { timeoutMs: 20_000, idempotent: true });
    });
  }
}
`;

/** An `OrderedProcess` program: it asks the worker what it is told to ask. */
const HOST = `
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { Miniflare } from "miniflare";

const [script, ...compatibilityFlags] = process.argv.slice(2);
const miniflare = new Miniflare({
  modules: [{ type: "ESModule", path: "worker.js", contents: readFileSync(script, "utf8") }],
  compatibilityDate: "2026-01-01",
  compatibilityFlags,
  durableObjects: { HELD: "Held", STOCK: "Stock" },
});
await miniflare.ready;
const tell = (answer) => console.log(JSON.stringify(answer));
tell({ id: 0 });
for await (const line of createInterface(process.stdin)) {
  const { id, path } = JSON.parse(line);
  miniflare.dispatchFetch("http://worker" + path)
    .then((response) => response.json())
    .then((answer) => tell({ id, ...answer }), (error) => tell({ id, failure: String(error) }));
}
await miniflare.dispose();
`;

/** What the worker answers. */
interface Answer {
  readonly life?: number;
  readonly code?: string;
  readonly text?: string;
}

/** An endpoint that answers how often it has been started. */
async function startLife(life: number, port: number): Promise<Watched> {
  const watched = await Watched.start({ name: "SP10", listen: { port }, secret: SECRET });
  watched.endpoint.handle("life", () => life);
  watched.endpoint.handle<{ quantity: number }>("reserve", ({ quantity }) => ({ life: quantity }));
  return watched;
}

/** Runs the worker with some flags, and ends it in good order: its own child would outlive it. */
async function withWorker(
  folder: string,
  flags: readonly string[],
  use: (ask: (path: string) => Promise<Answer>) => Promise<void>,
): Promise<void> {
  const program = `${folder}/host.js`;
  const args = [`${folder}/worker_bundle.js`, ...flags];
  await using host = await OrderedProcess.start<{ path: string }>({
    runtime: "node",
    program,
    args,
  });
  try {
    await use((path) => host.order<Answer>({ path }, TIMEOUT_MS));
  } finally {
    await host.finish();
  }
}

/** The example of the guide, word by word but for the place and the secret. */
async function guideExample(port: number): Promise<string> {
  const guide = await Deno.readTextFile(`${ROOT}docs/guide/workers.md`);
  const text = /```js ignore\n(.*?)```/s.exec(guide)?.[1] ?? "";
  const told = `{ hostname: "stock.example", port: 11000, secret: "…" }`;
  assertStringIncludes(text, told);
  const here = { hostname: "127.0.0.1", port, secret: SECRET };
  return text.replace(told, JSON.stringify(here));
}

/** Bundles the worker as its usual tools do. */
async function bundleWorker(folder: string): Promise<void> {
  try {
    await build({
      absWorkingDir: folder,
      entryPoints: ["worker.js"],
      outfile: "worker_bundle.js",
      bundle: true,
      format: "esm",
      target: "es2022",
      platform: "neutral",
      conditions: ["workerd", "worker", "browser"],
      external: ["node:*", "cloudflare:*"],
      logLevel: "error",
    });
  } finally {
    await stop();
  }
}

for (const builder of BUILDERS) {
  Deno.test(`workerd: a client from the package by ${builder}`, (t) => tryClient(t, builder));
}

async function tryClient(t: Deno.TestContext, builder: Builder): Promise<void> {
  await using tarball = await Tarball.make(builder);
  const folder = await tarball.install("worker", "miniflare@^4.20260101.0");
  await Deno.writeTextFile(`${folder}/worker.js`, WORKER);
  await Deno.writeTextFile(`${folder}/host.js`, HOST);
  const port = freePort();
  await Deno.writeTextFile(`${folder}/stock.js`, await guideExample(port));
  await bundleWorker(folder);

  await t.step("a client for each request of a plain worker", async () => {
    await using _endpoint = await startLife(1, port);
    await withWorker(folder, ["nodejs_compat"], async (ask) => {
      for (let count = 0; count < 3; count++) {
        assertEquals((await ask(`/each?port=${port}`)).life, 1);
      }
    });
  });

  await t.step("a client shared by the requests of a plain worker does not work", async () => {
    await using _endpoint = await startLife(1, port);
    await withWorker(folder, ["nodejs_compat"], async (ask) => {
      const isAnswered = (request: Promise<Answer>) =>
        request.then(({ life }) => life === 1, () => false);
      const answers: boolean[] = [];
      for (let count = 0; count < 3; count++) {
        answers.push(await isAnswered(ask(`/shared?port=${port}`)));
      }
      assert(
        answers.includes(false),
        "it does now: docs/guide/workers.md says otherwise",
      );
    });
  });

  await t.step("no endpoint: the client says whom it could not reach", async () => {
    await withWorker(folder, ["nodejs_compat"], async (ask) => {
      const { code, text = "" } = await ask(`/each?port=${freePort()}`);
      assert(code !== undefined, text);
      assertStringIncludes(text, "127.0.0.1");
    });
  });

  await t.step("in a Durable Object one client lives through idleness and a restart", async () => {
    await withWorker(folder, ["nodejs_compat"], async (ask) => {
      {
        await using endpoint = await startLife(1, port);
        assertEquals((await ask(`/held?port=${port}`)).life, 1);
        // Time is what is tried here: there is nothing to wait for.
        await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
        assertEquals((await ask(`/held?port=${port}`)).life, 1);
        const types = endpoint.events.map(({ type }) => type);
        console.log(`${IDLE_MS} ms idle: ${types.join(", ")}`);
      }
      await using _endpoint = await startLife(2, port);
      assertEquals((await ask(`/held?port=${port}`)).life, 2);
    });
  });

  await t.step("the guide's example", async () => {
    await using _endpoint = await startLife(1, port);
    await withWorker(folder, ["nodejs_compat"], async (ask) => {
      assertEquals((await ask("/stock")).life, 3);
    });
  });

  await t.step("without the flag: the error names it", async () => {
    await withWorker(folder, [], async (ask) => {
      assertStringIncludes((await ask(`/each?port=${port}`)).text ?? "", "'nodejs_compat'");
    });
  });
}
