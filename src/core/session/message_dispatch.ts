/**
 * Which part of a session gets what arrives.
 *
 * @module
 */

import type { Delivery, ErrorCode } from "../../errors.ts";
import type { SendCredit } from "../flow/credit.ts";
import type { NotificationSender } from "../flow/notification_flow.ts";
import { NUMBER_MAX } from "../wire/frame.ts";
import type { MessageHandler } from "../wire/message_reader.ts";
import { DataKind } from "../wire/message_writer.ts";
import type { StreamFrameHandler } from "../wire/stream_frames.ts";
import type { InboundCalls } from "./inbound_calls.ts";
import type { InboundNotifications } from "./inbound_notifications.ts";
import type { OutboundCalls } from "./outbound_calls.ts";

/** Hands on what the reader has read. */
export class MessageDispatch implements MessageHandler {
  readonly #credit: SendCredit;
  readonly #inbound: InboundCalls;
  readonly #outbound: OutboundCalls;
  readonly #notifications: InboundNotifications;
  readonly #notificationSender: NotificationSender;
  readonly streams: StreamFrameHandler;

  constructor(
    credit: SendCredit,
    inbound: InboundCalls,
    outbound: OutboundCalls,
    notifications: InboundNotifications,
    notificationSender: NotificationSender,
    streams: StreamFrameHandler,
  ) {
    this.#credit = credit;
    this.#inbound = inbound;
    this.#outbound = outbound;
    this.#notifications = notifications;
    this.#notificationSender = notificationSender;
    this.streams = streams;
  }

  onRequest(
    slot: number,
    generation: number,
    timeoutMs: number,
    service: string,
    codec: number,
    depth: number,
    stated: number,
    asks: boolean,
    metadata: Uint8Array | null,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null {
    return this.#inbound.handleRequest(
      slot,
      generation,
      timeoutMs,
      service,
      codec,
      depth,
      stated,
      asks,
      metadata,
      bytes,
      start,
      end,
    );
  }

  onNotification(
    service: string,
    codec: number,
    stated: number,
    asks: boolean,
    metadata: Uint8Array | null,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null {
    return this.#notifications.handleNotification(
      service,
      codec,
      stated,
      asks,
      metadata,
      bytes,
      start,
      end,
    );
  }

  onResponse(
    slot: number,
    generation: number,
    codec: number,
    stated: number,
    asks: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null {
    const calls = this.#outbound;
    return calls.handleResponse(slot, generation, codec, stated, asks, bytes, start, end);
  }

  onError(
    slot: number,
    generation: number,
    code: ErrorCode,
    delivery: Delivery,
    message: string,
    cause: Uint8Array,
    details: Uint8Array,
  ): ErrorCode | null {
    const calls = this.#outbound;
    return calls.handleError(slot, generation, code, delivery, message, cause, details);
  }

  onCancel(slot: number, generation: number): ErrorCode | null {
    this.#inbound.handleCancel(slot, generation);
    return null;
  }

  onData(
    kind: number,
    slot: number,
    generation: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null {
    if (kind === DataKind.REQUEST) {
      return this.#inbound.handleData(slot, generation, bytes, start, end);
    }
    if (kind === DataKind.ANSWER) {
      return this.#outbound.handleData(slot, generation, bytes, start, end);
    }
    return this.#notifications.handleData(generation, bytes, start, end);
  }

  onGrant(kind: number, slot: number, generation: number): ErrorCode | null {
    if (kind === DataKind.REQUEST) return this.#outbound.handleGrant(slot, generation);
    if (kind === DataKind.NOTIFICATION) this.#notificationSender.handleGrant(generation);
    else if (kind === DataKind.TAKEN) this.#notificationSender.handleTaken(generation);
    else return this.#inbound.handleGrant(slot, generation);
    return null;
  }

  onCredit(
    requests: number,
    answers: number,
    notificationBytes: number,
    count: number,
  ): ErrorCode | null {
    const credit = this.#credit;
    credit.requests += requests;
    credit.answers += answers;
    credit.notificationBytes += notificationBytes;
    credit.notifications += count;
    const isCounted = credit.requests <= NUMBER_MAX && credit.answers <= NUMBER_MAX &&
      credit.notificationBytes <= NUMBER_MAX && credit.notifications <= NUMBER_MAX;
    return isCounted ? null : "number-out-of-range";
  }
}
