/**
 * Where the calls of an endpoint go.
 *
 * @module
 */

import type { ConnectionManager } from "../connection/connection_manager.ts";
import type { Timers } from "../connection/timers.ts";
import type { EventBody } from "../events.ts";
import { Caller, type CallerOwner } from "./caller.ts";
import type { Changes } from "./changes.ts";
import type { Closing } from "./closing.ts";
import type { EndpointParts } from "./endpoint_context.ts";
import type { Interceptors } from "./interceptors.ts";
import { ListedCaller } from "./listed_caller.ts";
import type { PeerLists } from "./peer_lists.ts";

/** What calls depend on; made after the caller, which calls nobody before. */
export interface RouteEnds {
  manager(): ConnectionManager;
  closing(): Closing;
  lists(): PeerLists;
}

/** Makes the calls of an endpoint. */
export function newCaller(
  { options, runtime: { copy }, discovery }: EndpointParts,
  ends: RouteEnds,
  changes: Changes,
  timers: Timers,
  interceptors: Interceptors,
  emit: (event: EventBody) => void,
): Caller {
  const { manager, closing, lists } = ends;
  const calling = [callerOwnerOf(ends, emit), timers, copy, options, interceptors] as const;
  if (discovery === null) return new Caller(...calling);
  /** Whether a discovery may yet tell of it. */
  const awaits = (peer: string) =>
    lists().isAwaited && !closing().isClosing && manager().fenced === null &&
    manager().link(peer, true) === undefined;
  return new ListedCaller({ awaits, changes }, ...calling);
}

function callerOwnerOf(
  { manager, closing }: RouteEnds,
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
