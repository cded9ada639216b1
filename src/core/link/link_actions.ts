/**
 * What a link answers to one event, put together in order.
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import type { LinkAction, Outcome, Restart } from "./link_event.ts";
import type { LinkNews } from "./link_news.ts";

/** The actions that one event leads to. */
export class LinkActions {
  /** In the order in which they are to be carried out. */
  readonly list: LinkAction[] = [];

  /** An action without more words. */
  add(action: LinkAction): void {
    this.list.push(action);
  }

  /** Send a control frame. */
  send(connection: number, frame: number, number: number): void {
    this.list.push({ kind: "send", connection, frame, number });
  }

  /** Tell the other end why, and end the connection. */
  refuse(connection: number, code: ErrorCode, detail: string): void {
    this.list.push({ kind: "refuse", connection, code, detail });
  }

  /** End the connection without a word. */
  abort(connection: number, reason: "local" | "silent"): void {
    this.list.push({ kind: "abort", connection, reason });
  }

  /** End all of them. @param refusal Why; `null`: without a word. */
  endAll(connections: readonly { readonly id: number }[], refusal: ErrorCode | null): void {
    for (const { id } of connections) {
      if (refusal === null) this.abort(id, "local");
      else this.refuse(id, refusal, "");
    }
  }

  /** Give the attempt under way up. @param isOne Whether there is any. */
  giveDialUp(isOne: boolean): void {
    if (isOne) this.list.push({ kind: "give-dial-up" });
  }

  /** Settle messages. */
  settle(outcome: Outcome, restarted: Restart | null = null): void {
    this.list.push({ kind: "settle", outcome, restarted });
  }

  /** Tell people that a connection is the one to use. */
  connected(news: Omit<Extract<LinkNews, { type: "connected" }>, "type">): void {
    this.list.push({ kind: "tell", news: { type: "connected", ...news } });
  }

  /** Tell people. */
  tell(news: LinkNews): void {
    this.list.push({ kind: "tell", news });
  }
}
