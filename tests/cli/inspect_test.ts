// serve --inspect, inspect and dump: the page of a process, of one elsewhere, and its recorder.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { Endpoint, type FlightDump } from "../../mod.ts";
import { EXIT } from "../../src/cli/exit_code.ts";
import type { Snapshot } from "../../src/inspector/snapshot.ts";
import { faultsOf } from "../../src/simulator/mod.ts";
import { Program } from "./program.ts";

const isPage = (line: string) => line.startsWith('{"type":"inspector"');

async function nameAt(line: string): Promise<string> {
  const { url } = JSON.parse(line);
  return (JSON.parse(await (await fetch(`${url}snapshot`)).text()) as Snapshot).name;
}

Deno.test("serve --inspect and inspect: a page for the process, here and from elsewhere", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/SP10.json`;
    await Deno.writeTextFile(file, JSON.stringify({ name: "SP10", listen: { port: 0 } }));
    const handlers = `${import.meta.dirname}/handlers.ts`;
    await using served = await Program.start([
      ...["serve", file, "--handlers", handlers, "--inspect", "0", "--json"],
    ]);
    assertEquals(await nameAt(await served.line(isPage)), "SP10");
    const { address } = JSON.parse(served.lines[0]!);
    await using elsewhere = await Program.start(["inspect", `127.0.0.1:${address.port}`, "--json"]);
    assertEquals(await nameAt(await elsewhere.line(isPage)), "SP10");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("dump: the flight recorder as JSON, in one line or for people", async () => {
  await using endpoint = await Endpoint.start({
    name: "SP10",
    listen: { port: 0 },
    peers: [{ name: "SP20", hostname: "127.0.0.1", port: 1 }],
  });
  const address = `127.0.0.1:${endpoint.address.port}`;
  const { code, out } = await Program.run(["dump", address, "--json"]);
  assertEquals(code, EXIT.ok);
  const found = JSON.parse(out) as FlightDump;
  assertEquals([found.name, found.version], ["SP10", 1]);
  assertStringIncludes(found.links["SP20"]![0]!.text, "start → dial");
  assertEquals(faultsOf(found), []);
  const wrong = await Program.run(["inspect", address, "--port", "x"]);
  assertEquals(wrong.code, EXIT.usage);
  assertStringIncludes(wrong.err, "--port expects a port from 0 to 65535, not 'x'");
});
