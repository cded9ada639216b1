// Several members of a group from one command, and what probes are told of them.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Endpoint } from "../../mod.ts";
import { EXIT } from "../../src/cli/exit_code.ts";
import { freePorts } from "../support/endpoints.ts";
import { until } from "../support/until.ts";
import { Program } from "./program.ts";

const HANDLERS = `${import.meta.dirname}/handlers.ts`;

async function probe(port: number, path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`);
  return { status: response.status, text: await response.text() };
}

Deno.test("serve --instances: a group of two, each with probes; SIGTERM drains all", async () => {
  const folder = await Deno.makeTempDir();
  const [first, health] = [freePorts(2), freePorts(2)];
  await using orders = await Endpoint.start({
    name: "orders",
    listen: { port: 0 },
    redialMaxMs: 200,
    peers: [0, 1].map((shift) => ({
      group: "stock",
      hostname: "127.0.0.1",
      port: first + shift,
    })),
  });
  const config = `${folder}/stock.json`;
  await Deno.writeTextFile(
    config,
    JSON.stringify({
      group: "stock",
      listen: { port: first },
      peers: [{ name: "orders", hostname: "127.0.0.1", port: orders.address.port }],
      redialMaxMs: 200,
    }),
  );
  await using program = await Program.start([
    ...["serve", config, "--handlers", HANDLERS, "--json", "--instances", "2"],
    ...["--health-port", String(health), "--drain-delay", "2000"],
  ]);
  const { promise: fallen, resolve } = Promise.withResolvers<void>();
  orders.on((event) => event.type === "lost" && resolve());
  const stock = orders.group("stock");
  await until(
    () => stock.members().every(({ state }) => state === "up"),
    "both members are there",
  );
  const callers = await Promise.all(
    Array.from({ length: 20 }, () => stock.request("name", null)),
  );
  assertEquals(new Set(callers), new Set(["orders"]));
  assert(stock.members().every(({ calls }) => calls > 3), JSON.stringify(stock.members()));
  await until(async () => (await probe(health, "/readyz")).status === 200, "it is ready");
  assertEquals((await probe(health + 1, "/livez")).status, 200);
  assertEquals((await probe(health, "/elsewhere")).status, 404);
  program.kill("SIGTERM");
  // Not ready before it closes.
  await until(async () => (await probe(health, "/readyz")).status === 503, "it is not ready");
  const { text } = await probe(health, "/readyz");
  assertStringIncludes(text, "it was asked to end");
  assertEquals((await probe(health, "/livez")).status, 200);
  await fallen;
  const { code } = await program.ended();
  assertEquals(code, EXIT.ok);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("serve --instances: what is started ends with whoever has started it", async () => {
  const folder = await Deno.makeTempDir();
  const config = `${folder}/stock.json`;
  const port = freePorts(1);
  await Deno.writeTextFile(config, JSON.stringify({ group: "stock", listen: { port } }));
  await using program = await Program.start([
    ...["serve", config, "--handlers", HANDLERS, "--json", "--instances", "1"],
  ]);
  await program.event("listening");
  program.kill("SIGKILL");
  // Its output ends when the last process that writes to it has ended.
  await program.ended();
  await until(() => {
    try {
      Deno.listen({ hostname: "127.0.0.1", port }).close();
      return true;
    } catch {
      return false;
    }
  }, "the port is free");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("serve --instances: what cannot work is told once", async () => {
  const folder = await Deno.makeTempDir();
  const config = `${folder}/wrong.json`;
  await Deno.writeTextFile(config, JSON.stringify({ name: "one", listen: { port: 0 } }));
  const serve = (...more: string[]) =>
    Program.run(["serve", config, "--handlers", HANDLERS, ...more]);
  const [wrong, count, port] = await Promise.all([
    serve("--instances", "2"),
    serve("--instances", "many"),
    serve("--health-port", "0"),
  ]);
  assertEquals([wrong.code, count.code, port.code], [EXIT.config, EXIT.usage, EXIT.usage]);
  for (const part of ["name: each instance", "group: expected", "listen.port: expected"]) {
    assertStringIncludes(wrong.err, part);
  }
  assertStringIncludes(count.err, "--instances expects a number");
  await Deno.remove(folder, { recursive: true });
});
