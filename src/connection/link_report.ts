/**
 * What a link tells people, as the event of an endpoint.
 *
 * @module
 */

import type { LinkNews } from "../core/link/link_news.ts";
import type { EventBody } from "../events.ts";
import type { Connection } from "./connection.ts";
import type { Outbox } from "./outbox.ts";

/** The event. @param connection The one that the news is about. */
export function eventOf(
  { connection: _, ...news }: LinkNews,
  peer: string,
  connection: Connection,
  outbox: Outbox,
): EventBody {
  const { remoteAddress, direction, helloAtMs } = connection;
  const about = { peer, remoteAddress };
  switch (news.type) {
    case "connected": {
      const replayedFrames = outbox.unacknowledgedFrames;
      return { ...news, ...about, direction, replayedFrames, helloAtMs };
    }
    case "lost":
      return { ...news, ...about, reason: connection.endReason ?? "local" };
    case "suspect":
      return { ...news, ...about, inFlight: outbox.openCount };
    default:
      return { ...news, ...about };
  }
}
