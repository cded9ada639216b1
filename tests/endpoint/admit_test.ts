// One definition is enough: a rule lets in whom nobody defined here.

import { assert, assertEquals } from "@std/assert";
import { Endpoint, type EndpointOptions, type RemotePeer } from "../../mod.ts";
import { keyText } from "../../src/core/channel/noise_handshake.ts";
import { identityPem } from "../../src/options/identity.ts";
import { cheapPrimitives } from "../../src/simulator/channel.ts";
import { type Host, Simulation } from "../../src/simulator/mod.ts";
import { requestError } from "../support/endpoints.ts";

const PORT = 11_000;
const SECRET = "a secret of all hosts of this test";
const IDENTITY = new Uint8Array(32).fill(5);

function start(host: Host, options: Partial<EndpointOptions>): Promise<Endpoint> {
  return Endpoint.start({
    name: host.name,
    listen: { hostname: "0.0.0.0", port: PORT },
    advertise: { hostname: host.address },
    secret: SECRET,
    redialMinMs: 10,
    consoleNotices: false,
    runtime: host.runtime,
    handlers: { who: () => host.name },
    ...options,
  });
}

function definition({ name, address: hostname }: Host) {
  return { name, hostname, port: PORT };
}

Deno.test("admit: whoever the rule lets in has a row, is called back, and is never dialled", async () => {
  const simulation = new Simulation({ seed: 8 });
  const [hub, one, two, three] = ["hub", "one", "two", "three"].map((name) =>
    simulation.host(name)
  ) as [Host, Host, Host, Host];
  const asked: RemotePeer[] = [];
  const a = await start(hub, {
    resumeWindowMs: 5_000,
    // With a group among them, what chooses is there before virtual time begins.
    peers: [{ group: "other", hostname: "10.9.9.9", port: 1 }],
    admit: (remote) => {
      asked.push(remote);
      if (remote.name === "two") throw new Error("the rule fails");
      if (remote.name === "three") return false;
      return { group: "stock" };
    },
  });
  const changes: unknown[] = [];
  let dials = 0;
  a.on((event) => {
    if (event.type === "peers-changed") changes.push([event.added, event.removed]);
    if (event.type === "dial-failed" && event.peer !== "other/10.9.9.9:1") dials++;
  });
  const peers = [definition(hub)];
  const b = await start(one, { peers, identity: identityPem(IDENTITY) });
  const c = await start(two, { peers });
  const d = await start(three, { peers });
  await simulation.until(() => a.peers().some(({ state }) => state === "up"), 10_000);
  const row = a.peers().find(({ peer }) => peer === "one")!;
  assertEquals([row.group, row.hostname, row.state], ["stock", one.address, "up"]);
  assertEquals(asked[0], {
    name: "one",
    hostname: one.address,
    port: PORT,
    publicKey: keyText(cheapPrimitives.keyPair(IDENTITY).publicKey),
    verifiedNames: [],
    fingerprint: null,
  });
  const call = (endpoint: Endpoint, peer: string) =>
    simulation.settle(endpoint.request(peer, "who"), 10_000);
  assertEquals([await call(a, "one"), await call(b, "hub")], ["one", "hub"]);
  assertEquals(
    await simulation.settle(a.group("stock").request("who"), 10_000),
    "one",
  );
  // The rule failed, or said no, and let nobody in.
  for (const name of ["two", "three"]) {
    assertEquals((await requestError(call(a, name))).code, "undefined-peer");
  }
  // Away for longer than the window: it is no peer any more. The same life comes back.
  simulation.network.cut(hub, one);
  await simulation.run(12_000);
  assertEquals(a.peers().map(({ peer }) => peer), ["other/10.9.9.9:1"]);
  assertEquals(dials, 0);
  simulation.network.heal(hub, one);
  await simulation.until(() => a.peers().length === 2, 30_000);
  assertEquals(await call(a, "one"), "one");
  // It closes in good order: it is gone at once.
  await simulation.settle(b.close(), 20_000);
  await simulation.until(() => a.peers().length === 1, 1_000);
  assertEquals(changes, [[["one"], []], [[], ["one"]], [["one"], []], [[], ["one"]]]);
  await simulation.settle(Promise.all([a.close(), c.close(), d.close()]), 30_000);
});

Deno.test("admit: whoever is listed later is dialled, and keeps its session", async () => {
  const simulation = new Simulation({ seed: 9 });
  const [hub, one] = [simulation.host("hub"), simulation.host("one")];
  const a = await start(hub, { admit: () => true });
  const b = await start(one, { peers: [definition(hub)] });
  await simulation.until(() => a.peers().some(({ state }) => state === "up"), 10_000);
  const { bootId } = a.peers()[0]!;
  a.setPeers([definition(one)]);
  await simulation.run(1_000);
  assertEquals(a.peers().map(({ peer, bootId }) => [peer, bootId]), [["one", bootId]]);
  simulation.network.cut(hub, one);
  await simulation.run(60_000);
  assertEquals(a.peers().length, 1);
  assert(a.peers()[0]!.lastError !== null, "it is dialled");
  simulation.network.heal(hub, one);
  await simulation.until(() => a.peers()[0]!.state === "up", 30_000);
  a.setPeers([]);
  await simulation.until(() => a.connections().every(({ peer }) => peer !== "one"), 20_000);
  await simulation.settle(Promise.all([a.close(), b.close()]), 30_000);
});

Deno.test("admit: nobody comes in with a wrong secret, whatever the rule says", async () => {
  const simulation = new Simulation({ seed: 10 });
  const [hub, one] = [simulation.host("hub"), simulation.host("one")];
  let asked = 0;
  const a = await start(hub, { admit: () => ++asked > 0 });
  const b = await start(one, { peers: [definition(hub)], secret: "another secret of that length" });
  await simulation.run(10_000);
  assertEquals([asked, a.peers().length, a.connections().length], [0, 0, 0]);
  await simulation.settle(Promise.all([a.close(), b.close()]), 30_000);
});
