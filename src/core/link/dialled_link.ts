/**
 * The client's end of a link, as one object: one connection at a time, to one endpoint, dialled
 * when it is needed. It speaks the words of `Link`, has no rival and decides nothing between
 * connections.
 *
 * | when | then |
 * | --- | --- |
 * | somebody wants a connection | it dials, unless one is there or an attempt is under way |
 * | an attempt failed, or the connection ended | it dials later, while something waits |
 * | the connection ended | what was written fails, idempotent requests and the rest wait |
 *
 * @module
 */

import { FrameKind } from "../wire/frame.ts";
import { DialPolicy } from "./dial_policy.ts";
import type { DialledLinkEvent, LinkAction, LinkSettings } from "./link_event.ts";
import { RESTARTED, stoppedHere } from "./outcome.ts";

/** The client's end of a link. */
export class DialledLink {
  readonly #dial: DialPolicy;
  #state: "away" | "here" | "ended" = "away";
  /** Whether somebody wants a connection who does not wait for it. */
  #isWanted = true;
  #lastNonce = 0;

  /** @param draw A number from 0 (included) to 1 (excluded), for the jitter of dials. */
  constructor(settings: LinkSettings, draw: () => number) {
    this.#dial = new DialPolicy(settings, draw);
    this.#dial.renew();
  }

  /** Why the last dial came to nothing, for people; empty: it did not. */
  get lastDialError(): string {
    return this.#dial.lastError;
  }

  /** When `timeout` is due, monotonic milliseconds; `Infinity`: never. */
  nextDeadlineMs(): number {
    return this.#dial.deadlineMs;
  }

  /** A number for the next ping; a later one is greater. */
  drawNonce(): number {
    return ++this.#lastNonce;
  }

  /**
   * Takes what happened.
   *
   * @param waits Whether messages wait for a connection.
   * @param nowMs Monotonic milliseconds.
   * @returns What is to be done, in this order.
   */
  handle(event: DialledLinkEvent, waits: boolean, nowMs: number): readonly LinkAction[] {
    if (this.#state === "ended") return [];
    switch (event.kind) {
      case "dial":
        this.#isWanted = true;
        return this.#state === "here" ? [] : this.#dialNow();
      case "dial-later":
        this.#isWanted = true;
        return this.#dialLater(waits, nowMs);
      case "settled":
        return this.#dialLater(waits, nowMs);
      case "dial-ended":
        this.#dial.end();
        this.#dial.lastError = event.error;
        return this.#dialLater(waits, nowMs);
      case "timeout":
        this.#dial.end();
        return this.#wantsDial(waits) ? this.#dialNow() : [];
      case "opened":
        this.#state = "here";
        this.#isWanted = false;
        this.#dial.succeed();
        return [
          { kind: "begin", connection: event.connection },
          { kind: "attach", connection: event.connection },
        ];
      case "control":
        return this.#handleControl(event.connection, event.frame);
      case "closed":
        this.#state = "away";
        return [{
          kind: "settle",
          outcome: { ...RESTARTED, code: "connection-lost" },
          restarted: null,
        }];
      case "stop": {
        this.#state = "ended";
        const settle: LinkAction = {
          kind: "settle",
          outcome: stoppedHere(event.code),
          restarted: null,
        };
        return this.#dial.turnOff() ? [{ kind: "give-dial-up" }, settle] : [settle];
      }
    }
  }

  #handleControl(connection: number, frame: number): LinkAction[] {
    if (frame === FrameKind.DRAIN) return [{ kind: "hold" }];
    if (frame === FrameKind.PONG) return [];
    return [{ kind: "breach", connection, code: "unexpected-frame", frame }];
  }

  #wantsDial(waits: boolean): boolean {
    return this.#state === "away" && (this.#isWanted || waits);
  }

  #dialNow(): LinkAction[] {
    return this.#dial.begin() ? [{ kind: "dial" }] : [];
  }

  #dialLater(waits: boolean, nowMs: number): LinkAction[] {
    if (this.#wantsDial(waits)) this.#dial.beginLater(false, [], nowMs);
    return [];
  }
}
