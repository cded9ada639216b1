/**
 * What one call can say of itself.
 *
 * @module
 */

import type { Codec } from "../codec.ts";
import type { Metadata } from "../core/wire/metadata.ts";

/** Options of one request. */
export interface RequestOptions {
  /**
   * How long to wait for the answer, in milliseconds: above 0, up to 2,147,483,647; or `Infinity`,
   * without end. Default: `requestTimeoutMs`.
   */
  readonly timeoutMs?: number;
  /** Gives the call up; once a request is sent, the handler's signal aborts too. */
  readonly signal?: AbortSignal;
  /**
   * It may be executed more than once: when the peer's process died with it, it is sent to the next
   * one instead of failing.
   *
   * @default {false}
   */
  readonly idempotent?: boolean;
  /** See `EndpointOptions.whenDown`. */
  readonly whenDown?: "wait" | "fail";
  /**
   * What it does where no place is free, or the queue of notifications is full: wait within its
   * deadline, or fail with `overloaded` at once.
   *
   * @default {"wait"}
   */
  readonly whenFull?: "wait" | "fail";
  /** How payload and answer are encoded. Default: the endpoint's codec. */
  readonly codec?: "json" | "bytes" | Codec;
  /**
   * Short texts by their names, for the handler's `context.metadata`: at most 8,192 bytes in all,
   * with 3 bytes for each; names of 1 to 255 bytes. Default: none.
   */
  readonly metadata?: Metadata;
}

/** Options of one notification. `timeoutMs`: how long it may wait to be taken by the queue. */
export type NotifyOptions = Omit<RequestOptions, "idempotent">;

/**
 * Options of a request to a group. `timeoutMs` is for all attempts together; `idempotent`: another
 * member may execute it, too.
 */
export interface GroupRequestOptions extends Omit<RequestOptions, "whenDown"> {
  /**
   * Calls with one key go to one member, as long as the members are the same; when one leaves, only
   * the keys that it had move. Without a key whoever has less to do gets the call.
   */
  readonly key?: string;
  /**
   * How long to wait while no member is there, in milliseconds; then the call fails with
   * `peer-down`. Default: its deadline.
   */
  readonly groupTimeoutMs?: number;
}

/** Options of a notification to a group. */
export type GroupNotifyOptions = Omit<GroupRequestOptions, "idempotent">;

/**
 * Options of one stream. `timeoutMs`: how long to wait for the first item, or that there is none;
 * where the request is a sequence, it begins again as long as its items go out.
 */
export interface StreamOptions extends Omit<RequestOptions, "idempotent"> {
  /**
   * How long to wait for each item after the first one, in milliseconds; then it ends with
   * `timeout`. Default: without end, as a stream may have nothing to say.
   */
  readonly idleTimeoutMs?: number;
  /**
   * How many items there are of an earlier process (`error.received`): told to the handler as
   * `context.resumeFrom`, which may go on from there. Default: 0.
   */
  readonly resumeFrom?: number;
}

/** Options of a flush. */
export type FlushOptions = Pick<RequestOptions, "timeoutMs" | "signal">;
