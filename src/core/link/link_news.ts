/**
 * What people are told of a link; whoever has the sockets adds addresses and counts.
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import type { Member } from "./candidate_set.ts";

/** One piece of news. */
export type LinkNews =
  | {
    readonly type: "connected";
    readonly connection: number;
    readonly identifier: number;
    readonly bootId: string;
    readonly newProcess: boolean;
  }
  | {
    readonly type: "superseded";
    readonly connection: number;
    readonly identifier: number;
    readonly by: number;
    readonly bootId: string;
  }
  | {
    readonly type: "duplicate";
    readonly connection: number;
    readonly refusedBootId: string;
    readonly bootId: string;
  }
  | { readonly type: "lost"; readonly connection: number; readonly identifier: number }
  | { readonly type: "suspect"; readonly connection: number; readonly silenceMs: number }
  | { readonly type: "draining"; readonly connection: number }
  | { readonly type: "fenced"; readonly connection: number; readonly code: ErrorCode };

/** A second process of the other end's name was refused. @param session The life that keeps it. */
export function duplicateNews({ id, remote }: Member, session: string | null): LinkNews {
  const { bootId } = remote;
  return { type: "duplicate", connection: id, refusedBootId: bootId, bootId: session ?? "" };
}

/** A connection was ended for a newer one. @param by The number of the newer one. */
export function supersededNews({ id, remote, number }: Member, by: number): LinkNews {
  const { bootId } = remote;
  return { type: "superseded", connection: id, identifier: number, by, bootId };
}

/** A connection was ended for another process. It may never have been decided on. */
export function displacedNews(member: Member, session: string | null, by: number): LinkNews {
  return member.number === 0 ? duplicateNews(member, session) : supersededNews(member, by);
}
