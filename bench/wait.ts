/**
 * Waiting for what another process has to notice.
 *
 * @module
 */

import type { Process } from "./process.ts";
import type { Report } from "./program.ts";

const OPEN_WITHIN_MS = 20_000;
/** So much more for each connection: certificates take their time. */
const OPEN_EACH_MS = 50;
const SERVED_WITHIN_MS = 5_000;
const LOOK_EVERY_MS = 50;

/** Notifications are told when they are sent, and arrive a little later. */
export async function untilServed(server: Process, count: number, what: string): Promise<void> {
  const untilMs = performance.now() + SERVED_WITHIN_MS;
  for (;;) {
    const { served } = await server.order<Report>({ do: "report" });
    if (served === count) return;
    if (served > count || performance.now() > untilMs) {
      throw new Error(`${what}: ${count} requests were sent, ${served} served`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** The kernel accepts before the process does. */
export async function untilOpen(server: Process, count: number): Promise<void> {
  const untilMs = performance.now() + OPEN_WITHIN_MS + count * OPEN_EACH_MS;
  for (;;) {
    const { sockets, links } = await server.order<Report>({ do: "report" });
    if (sockets >= count || links >= count) return;
    if (performance.now() > untilMs) {
      throw new Error(`${count} connections were expected: ${sockets} sockets, ${links} links`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
