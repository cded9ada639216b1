// A real name server: its records change, it says that there is nothing, and it is away.

import { assert, assertEquals, assertThrows } from "@std/assert";
import { Resolver } from "node:dns/promises";
import { ConfigurationError } from "../../mod.ts";
import { fromDnsSrv } from "../../src/discovery/mod.ts";
import { freePort, Watched } from "../support/endpoints.ts";
import { Engine, findMissing } from "./engine.ts";

const PROGRAM = "/usr/sbin/dnsmasq";
const SERVICE = "_freshlink._tcp.stock.example";
const missing = await findMissing(PROGRAM, "dnsmasq-base");
const reason = missing === null ? "" : ` (${missing})`;

/** A name server that knows these ports of this machine as members, and a name with an address. */
function serve(
  dnsPort: number,
  ports: readonly number[],
  addresses = "127.0.0.1",
): Promise<Engine> {
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${dnsPort}`]);
  const records = [
    ...ports.map((port) => `--srv-host=${SERVICE},localhost,${port}`),
    `--host-record=ready.example,127.0.0.1`,
    ...(addresses === "" ? [] : [`--host-record=members.example,${addresses}`]),
  ];
  return Engine.start(PROGRAM, [
    "--keep-in-foreground",
    "--conf-file=/dev/null",
    "--pid-file",
    "--user=root",
    "--no-resolv",
    "--no-hosts",
    "--local=/example/",
    "--bind-interfaces",
    "--listen-address=127.0.0.1",
    `--port=${dnsPort}`,
    ...records,
  ], async () => (await resolver.resolve4("ready.example")).length === 1);
}

function member(port: number, back: readonly number[]): Promise<Watched> {
  return Watched.start({
    group: "stock",
    listen: { port },
    advertise: { hostname: "localhost" },
    peers: back.map((other) => ({ hostname: "localhost", port: other })),
  });
}

Deno.test({
  name: `fromDnsSrv(): SRV records that change, an empty answer, a server that is away${reason}`,
  ignore: missing !== null,
  fn: async () => {
    const [dnsPort, one, two, own] = [freePort(), freePort(), freePort(), freePort()];
    await using first = await member(one, [own]);
    await using second = await member(two, [own]);
    let server = await serve(dnsPort, [one]);
    await using watched = await Watched.start({
      listen: { port: own },
      advertise: { hostname: "localhost" },
      peers: fromDnsSrv(SERVICE, {
        intervalMs: 50,
        timeoutMs: 500,
        group: "stock",
        servers: [`127.0.0.1:${dnsPort}`],
      }),
    });
    const [nameOne, nameTwo] = [`stock/localhost:${one}`, `stock/localhost:${two}`];
    await watched.event("connected", ({ peer }) => peer === nameOne);
    assertEquals(first.endpoint.name, nameOne);
    const life = () => watched.endpoint.peers().map(({ peer, state }) => [peer, state]);
    // The server goes, and comes back with one more.
    await server.stop();
    const away = await watched.event("discovery-failed", ({ retryInMs }) => retryInMs !== null);
    assert(away.detail.includes(SERVICE), away.detail);
    server = await serve(dnsPort, [two, one]);
    await watched.event("connected", ({ peer }) => peer === nameTwo);
    // No such name, and then the name without such records: nobody is dropped.
    await server.stop();
    server = await serve(dnsPort, []);
    await watched.event("discovery-failed", ({ detail }) => detail === "it told an empty list");
    assertEquals(life().sort(), [[nameOne, "up"], [nameTwo, "up"]].sort());
    // Who is in no record any more is no peer any more.
    await server.stop();
    server = await serve(dnsPort, [two]);
    const changed = await watched.event("peers-changed", ({ removed }) => removed.length > 0);
    assertEquals(changed.removed, [nameOne]);
    assertEquals(life(), [[nameTwo, "up"]]);
    await server.stop();
    assertEquals(second.usable().length, 1);
  },
});

Deno.test({
  name: `fromDnsSrv(): the addresses of one name, with a port${reason}`,
  ignore: missing !== null,
  fn: async () => {
    const dnsPort = freePort();
    await using _server = await serve(dnsPort, [], "127.0.0.1,::1");
    const lists = fromDnsSrv("members.example", {
      port: 11_000,
      servers: [`127.0.0.1:${dnsPort}`],
    });
    for await (const list of lists) {
      assertEquals(list, [
        { hostname: "127.0.0.1", port: 11_000 },
        { hostname: "::1", port: 11_000 },
      ]);
      break;
    }
  },
});

Deno.test("fromDnsSrv(): options that cannot work are told at once", () => {
  const wrong = { intervalMs: 0, port: 70_000, group: "" };
  const error = assertThrows(() => fromDnsSrv("a b", wrong), ConfigurationError);
  assertEquals(error.problems.map((problem) => problem.split(":")[0]), [
    "name",
    "intervalMs",
    "group",
    "port",
  ]);
});
