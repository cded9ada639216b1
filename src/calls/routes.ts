/**
 * Where the calls of an endpoint go.
 *
 * @module
 */

import type { ConnectionManager } from "../connection/connection_manager.ts";
import type { EventBody } from "../events.ts";
import type { CallerOwner } from "./caller.ts";
import type { Closing } from "./closing.ts";

/** Both are made after the caller, which calls nobody before. */
export function callerOwnerOf(
  manager: () => ConnectionManager,
  closing: () => Closing,
  emit: (event: EventBody) => void,
): CallerOwner {
  return {
    routeTo: (to, isNested) => {
      if (manager().fenced !== null) return "fenced";
      if (isNested ? closing().isClosed : closing().isClosing) return "closed";
      if (typeof to === "object" && to !== null) return manager().linkOf(to);
      const link = manager().link(to, isNested);
      if (link === undefined) return "undefined-peer";
      return link.isFenced ? "fenced" : link;
    },
    handleDropped: (peer, service, code) =>
      emit({ type: "notification-dropped", peer, remoteAddress: null, service, code }),
  };
}
