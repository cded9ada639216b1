/**
 * Two endpoints, and clients, on simulated hosts: what waits, waits in virtual time.
 */

import { Client, type ClientOptions, Endpoint, type EndpointOptions } from "../../mod.ts";
import { type Host, Simulation } from "../../src/simulator/mod.ts";

const PORT = 11_000;

/** The pair. */
export class SimulatedPair {
  readonly simulation: Simulation;
  readonly hosts: readonly [Host, Host];
  /** SP10 and SP20. */
  left!: Endpoint;
  right!: Endpoint;

  private constructor(seed: number) {
    this.simulation = new Simulation({ seed });
    this.hosts = [this.simulation.host("SP10"), this.simulation.host("SP20")];
  }

  /** @param options For both, or for each. */
  static async start(
    options: Partial<EndpointOptions> = {},
    rightOptions: Partial<EndpointOptions> = options,
    seed = 1,
  ): Promise<SimulatedPair> {
    const pair = new SimulatedPair(seed);
    [pair.left, pair.right] = await Promise.all([
      pair.startEnd(0, options),
      pair.startEnd(1, rightOptions),
    ]);
    await pair.connected();
    return pair;
  }

  /** The process of one end: SP10 (0) or SP20 (1). */
  startEnd(index: 0 | 1, options: Partial<EndpointOptions> = {}): Promise<Endpoint> {
    const [own, other] = index === 0 ? this.hosts : [this.hosts[1], this.hosts[0]];
    return Endpoint.start({
      name: own.name,
      listen: { hostname: "0.0.0.0", port: PORT },
      advertise: { hostname: own.address },
      peers: [{ name: other.name, hostname: other.address, port: PORT }],
      insecure: true,
      redialMinMs: 10,
      runtime: own.runtime,
      ...options,
    });
  }

  /** Until both use one connection. */
  async connected(): Promise<void> {
    const isUp = (endpoint: Endpoint) => endpoint.connections().some(({ usable }) => usable);
    await this.simulation.until(() => isUp(this.left) && isUp(this.right), 30_000);
  }

  /** A client of SP10 on a host of its own. */
  client(options: Partial<ClientOptions> = {}, name = "client"): Promise<Client> {
    const host = this.simulation.host(name);
    const [{ address }] = this.hosts;
    const dialling = Client.connect({
      hostname: address,
      port: PORT,
      runtime: host.runtime,
      ...options,
    });
    return this.simulation.settle(dialling, 10_000);
  }

  /** Closes both; what is open then may take so long. */
  async close(withinMs = 30_000): Promise<void> {
    await this.simulation.settle(
      Promise.all([this.left.close({ drainMs: 1_000 }), this.right.close({ drainMs: 1_000 })]),
      withinMs,
    );
  }
}

/** How each of some calls ended: `ok`, or its code. */
export async function outcomes(
  simulation: Simulation,
  calls: readonly Promise<unknown>[],
  withinMs: number,
): Promise<Record<string, number>> {
  const ends = await simulation.settle(Promise.allSettled(calls), withinMs);
  const counts: Record<string, number> = {};
  for (const end of ends) {
    const key = end.status === "fulfilled"
      ? "ok"
      : (end.reason as { code?: string }).code ?? String(end.reason);
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
