// What a handler tells its caller before it answers, and its answer.

import { assertEquals } from "@std/assert";
import { SessionPair, TestNotification, TestRequest } from "../support/session_pair.ts";

/** Counts what was told when its answer came. */
class Witness extends TestRequest {
  toldBefore = -1;
  readonly #pair: SessionPair;

  constructor(pair: SessionPair) {
    super("work", new Uint8Array(1));
    this.#pair = pair;
  }

  override succeed(codec: number, bytes: Uint8Array, start: number, end: number): void {
    this.toldBefore = this.#pair.left.notifications.length;
    super.succeed(codec, bytes, start, end);
  }
}

Deno.test("what was told before the answer stands before it, as far as there is credit", () => {
  for (const [notificationsMax, toldBefore] of [[8, 4], [2, 2]] as const) {
    const pair = new SessionPair({ notificationsMax });
    pair.right.echo = false;
    pair.left.ends = false;
    const witness = new Witness(pair);
    pair.left.queue.push(witness);
    pair.carry(pair.left);
    const { slot, generation } = pair.right.requests[0]!;
    for (let k = 0; k < 4; k++) {
      pair.right.queue.push(new TestNotification(new Uint8Array([k]), 1, "told"));
    }
    pair.right.session.respond(slot, generation, witness.codec, new Uint8Array(1));
    pair.carry(pair.right);
    assertEquals([witness.outcome, witness.toldBefore], ["ok", toldBefore]);
  }
});
