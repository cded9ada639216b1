/**
 * A simulated network for tests: hosts, a virtual clock and random numbers that one seed decides.
 * Real endpoints run on it unchanged; an hour of crashes and cuts takes seconds of real time.
 *
 * @example Two endpoints, and a path that breaks
 * ```ts
 * import { Endpoint } from "@freshlink/freshlink";
 * import { Simulation } from "@freshlink/freshlink/simulator";
 *
 * const simulation = new Simulation({ seed: 7 });
 * const [one, two] = [simulation.host("SP10"), simulation.host("SP20")];
 * const start = (host: typeof one, other: typeof one) =>
 *   Endpoint.start({
 *     name: host.name,
 *     listen: { hostname: "0.0.0.0", port: 11000 },
 *     advertise: { hostname: host.address },
 *     peers: [{ name: other.name, hostname: other.address, port: 11000 }],
 *     insecure: true,
 *     runtime: host.runtime,
 *   });
 * const sp10 = await start(one, two);
 * const sp20 = await start(two, one);
 * sp20.handle("double", (value: number) => 2 * value);
 *
 * simulation.network.forget(one, two);
 * const answer = await simulation.settle(sp10.request("SP20", "double", 21), 10_000);
 * if (answer !== 42) throw new Error("a request was lost");
 * ```
 *
 * @module
 */

export type * from "../runtime/runtime.ts";
export type { SimulatedEvent } from "./event_queue.ts";
export {
  faultsOf,
  type FlightFault,
  playFlight,
  type RecordedEvent,
  type RecordedFlight,
} from "./flight.ts";
export { Host, type Port, type Side } from "./host.ts";
export { type Direction, Network } from "./network.ts";
export { Process } from "./process.ts";
export { SeededRandom } from "./random.ts";
export { SimulatedSocket } from "./socket.ts";
export { Simulation, type SimulationOptions } from "./simulation.ts";
