/**
 * A stream that this end opens: what is queued until it may be opened, and its two directions then.
 *
 * @module
 */

import type { Delivery, ErrorCode } from "../../errors.ts";
import { type Deadline, NOWHERE } from "../time/deadline_heap.ts";
import { FLAG_FOLLOWS, FLAG_ITEMS, FLAG_ONE } from "../wire/stream_frames.ts";
import type { ItemSink } from "./item_sink.ts";
import type { ItemSource } from "./item_source.ts";
import type { Outgoing } from "./outgoing.ts";

const NOTHING = new Uint8Array(0);

/** A larger payload follows as the only item of the request, in bytes. */
const PAYLOAD_MAX_BYTES = 32_768;

/** A stream of this end. */
export abstract class OutgoingStream implements Outgoing, Deadline {
  deadlineMs = 0;
  place: number = NOWHERE;
  turn = 0;
  before: Deadline | null = null;
  after: Deadline | null = null;
  queue: object | null = null;
  ahead: Outgoing | null = null;
  behind: Outgoing | null = null;
  payload: Uint8Array;
  readonly codec: number;
  readonly service: string;
  /** How long its caller waits for the first item, in milliseconds, or `Infinity`. */
  readonly timeoutMs: number;
  readonly depth: number;
  readonly metadata: Uint8Array | null;
  /** Whether its request is a sequence of items. */
  readonly sendsItems: boolean;
  /** Whether its answer is one item. */
  readonly wantsOne: boolean;
  /** How many items its caller has of an earlier process. */
  readonly resumeFrom: number;
  /** Somebody has another place for it: it does not wait for an other end that is away. */
  moves = false;
  /** The only session that it is for; `null`: it waits for the next one. */
  only: object | null = null;
  /** When it came here, on the monotonic clock. */
  sinceMs = 0;
  state: "queued" | "open" | "settled" = "queued";
  /** Its number in its session, once it is open. */
  number = 0;
  /** The largest item that the other end takes, in bytes, once it is open. */
  itemMaxBytes = 0;
  /** The items of its answer, once it is open. */
  sink: ItemSink | null = null;
  /** The items of its request, once it is open; `null`: it has none. */
  source: ItemSource | null = null;

  constructor(
    payload: Uint8Array,
    codec: number,
    service: string,
    timeoutMs: number,
    depth: number,
    metadata: Uint8Array | null,
    kind: {
      readonly sendsItems: boolean;
      readonly wantsOne: boolean;
      readonly resumeFrom: number;
    },
  ) {
    this.payload = payload;
    this.codec = codec;
    this.service = service;
    this.timeoutMs = timeoutMs;
    this.depth = depth;
    this.metadata = metadata;
    this.sendsItems = kind.sendsItems;
    this.wantsOne = kind.wantsOne;
    this.resumeFrom = kind.resumeFrom;
  }

  /** Whether its payload goes as an item. */
  get followsLater(): boolean {
    return !this.sendsItems && this.payload.length > PAYLOAD_MAX_BYTES;
  }

  /** As OPEN has them, without the depth. */
  get flags(): number {
    return (this.sendsItems ? FLAG_ITEMS : 0) | (this.wantsOne ? FLAG_ONE : 0) |
      (this.followsLater ? FLAG_FOLLOWS : 0);
  }

  /** What is known of its execution as long as nothing has come. */
  get delivery(): "not-sent" | "maybe-executed" {
    return this.state === "queued" ? "not-sent" : "maybe-executed";
  }

  release(): void {
    this.payload = NOTHING;
  }

  /** Its caller has waited for `timeoutMs`. */
  abstract expire(nowMs: number): void;
  /** It is open: its sink and its source are there. */
  abstract handleOpened(): void;
  /** Nothing comes of it any more. The state is `settled` already. */
  abstract fail(code: ErrorCode, message: string, delivery: Delivery): void;
}
