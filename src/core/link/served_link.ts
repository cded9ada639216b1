/**
 * The endpoint's end of a client's link, as one object. It speaks the words of `Link`; there is
 * nothing to choose between and nobody to dial: what it decides is what may come, and that all that
 * is open fails with the connection.
 *
 * @module
 */

import { FrameKind } from "../wire/frame.ts";
import type { LinkAction, ServedLinkEvent } from "./link_event.ts";
import { stoppedHere } from "./outcome.ts";

/** The endpoint's end of a client's link. */
export class ServedLink {
  #lastNonce = 0;

  /** A number for the next ping; a later one is greater. */
  drawNonce(): number {
    return ++this.#lastNonce;
  }

  /** Takes what happened. @returns What is to be done, in this order. */
  handle(event: ServedLinkEvent): readonly LinkAction[] {
    const { connection } = event;
    switch (event.kind) {
      case "opened":
        return [{ kind: "begin", connection }, { kind: "attach", connection }];
      case "drain":
        return [{ kind: "send", connection, frame: FrameKind.DRAIN, number: 0 }];
      case "control": {
        const { frame } = event;
        if (frame === FrameKind.PONG) return [];
        return [{ kind: "breach", connection, code: "unexpected-frame", frame }];
      }
      case "closed":
        return [{ kind: "settle", outcome: stoppedHere("connection-lost"), restarted: null }];
    }
  }
}
