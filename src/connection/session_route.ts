/**
 * The way back to the other end of one session.
 *
 * @module
 */

import type { Session } from "../core/session/session.ts";
import type { ErrorCode } from "../errors.ts";
import type { LinkDriver } from "./link_driver.ts";

/**
 * The link that holds a session, or why it cannot be used any more.
 *
 * @param link That of the other end; `undefined`: there is none.
 */
export function routeOf(session: Session, link: LinkDriver | undefined): LinkDriver | ErrorCode {
  if (link === undefined) return session.role === "client" ? "peer-down" : "undefined-peer";
  if (link.outbox.session !== session || session.isEnded) return "peer-restarted";
  return link.isFenced ? "fenced" : link;
}
