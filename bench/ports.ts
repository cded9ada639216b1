/**
 * Ports on loopback, and definitions of peers there.
 *
 * @module
 */

import type { PeerDefinition } from "../mod.ts";

/** Below the ports that kernels choose, so that no outgoing connection takes one meanwhile. */
const PORT_MIN = 20_000;
const PORT_MAX = 32_000;

/** Ports on which nobody listens. */
export function freePorts(count: number): number[] {
  const listeners: Deno.TcpListener[] = [];
  for (let port = PORT_MIN; port <= PORT_MAX && listeners.length < count; port++) {
    try {
      listeners.push(Deno.listen({ hostname: "127.0.0.1", port }));
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  const ports = listeners.map(({ addr }) => addr.port);
  for (const listener of listeners) listener.close();
  if (ports.length < count) throw new Error(`There are no ${count} free ports`);
  return ports;
}

/** A peer on loopback. */
export function definition(name: string, port: number): PeerDefinition {
  return { name, hostname: "127.0.0.1", port };
}
