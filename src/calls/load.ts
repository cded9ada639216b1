/**
 * How much a member of a group has to do for others, as it tells whoever chooses among the members.
 *
 * @module
 */

import type { ConnectionManager } from "../connection/connection_manager.ts";
import type { RemoteCaller } from "./remote_caller.ts";

/** What `LOAD_SERVICE` answers. */
export interface ToldLoad {
  /**
   * Calls that others have open here, those of one of them on average. Were it their sum, all who
   * choose would turn to the least busy member at once, and each of them with all it has.
   */
  readonly calls: number;
}

/** @param asker Who asks: it knows itself what it has open here. */
export function loadBeside(manager: ConnectionManager, asker: RemoteCaller): ToldLoad {
  let calls = 0;
  let callers = 0;
  for (const links of [manager.links, manager.clients.links]) {
    for (const { outbox: { session } } of links) {
      if (session === null || session.inboundCount === 0) continue;
      if (session.peer === asker.name && session.role === asker.role) continue;
      calls += session.inboundCount;
      callers++;
    }
  }
  return { calls: callers === 0 ? 0 : calls / callers };
}
