/**
 * Waiting for what another process has to notice.
 *
 * @module
 */

import type { Process } from "./process.ts";
import type { Report } from "./program.ts";

const OPEN_WITHIN_MS = 20_000;
const LOOK_EVERY_MS = 50;

/** The kernel accepts before the process does. */
export async function untilOpen(server: Process, count: number): Promise<void> {
  const untilMs = performance.now() + OPEN_WITHIN_MS;
  for (;;) {
    const { sockets, links } = await server.order<Report>({ do: "report" });
    if (sockets >= count || links >= count) return;
    if (performance.now() > untilMs) {
      throw new Error(`${count} connections were expected: ${sockets} sockets, ${links} links`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
