// A service tested against crash, partition and freeze, in virtual time: `deno task test testing`.

import { assertEquals } from "@std/assert";
import { Endpoint } from "../../mod.ts";
import { type Host, Simulation } from "../../src/simulator/mod.ts";
import { Counter } from "./counter.ts";

/** Two hosts: `shop` orders, `stock` counts. */
async function play(fault: (simulation: Simulation, shop: Host, stock: Host) => void) {
  const simulation = new Simulation({ seed: 7 });
  const [shop, stock] = [simulation.host("shop"), simulation.host("stock")];
  const counter = new Counter();
  const start = async (host: Host) => {
    const endpoint = await Endpoint.start({
      name: host.name,
      listen: { hostname: "0.0.0.0", port: 11_000 },
      advertise: { hostname: host.address },
      peers: [shop, stock].filter((other) => other !== host)
        .map(({ name, address }) => ({ name, hostname: address, port: 11_000 })),
      insecure: true,
      runtime: host.runtime,
    });
    if (host === stock) counter.serve(endpoint);
    return endpoint;
  };
  const caller = await start(shop);
  await start(stock);
  await simulation.run(1_000);
  fault(simulation, shop, stock);
  // A crashed machine is back after two seconds, with a new process.
  simulation.after(2_000, () => stock.isUp || (stock.restart(), start(stock)));
  const orders = Array.from(
    { length: 100 },
    (_, number) => caller.request("stock", "count", { number }, { idempotent: true }),
  );
  await simulation.settle(Promise.all(orders), 60_000);
  assertEquals(counter.count, 100);
}

Deno.test("crash", () => play((_, __, stock) => stock.crash()));
Deno.test("freeze", () => play((_, __, stock) => stock.freeze(3_000)));
Deno.test("partition", () =>
  play((simulation, shop, stock) => {
    simulation.network.partition([shop], [stock]);
    simulation.after(4_000, () => simulation.network.heal(shop, stock));
  }));
