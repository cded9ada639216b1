/**
 * Notifications of the other end: started in their order, as many at a time as were promised.
 *
 * Source: docs/protocol.md, "Notifications".
 *
 * @module
 */

import type { ErrorCode } from "../../errors.ts";
import { Assembly, type AssemblyOwner } from "../flow/assembly.ts";
import type { Promises } from "../flow/promises.ts";
import { RoomAccount } from "../flow/room.ts";
import { Deadline } from "../time/deadline_heap.ts";
import { DataKind } from "../wire/message_writer.ts";
import type { Session } from "./session.ts";
import type { SessionHost } from "./session_handler.ts";

/** The receiving half of a session's flow of notifications. */
export class InboundNotifications extends Deadline implements AssemblyOwner {
  readonly isReady = true;
  readonly #owner: Session;
  readonly #host: SessionHost;
  readonly #promises: Promises;
  #account: RoomAccount | null = null;
  /** The large one that comes; there is at most one, as they come in order. */
  #assembly: Assembly | null = null;
  #service = "";
  #codec = 0;
  #metadata: Uint8Array | null = null;
  /** Tells the DATA of each grant from that of earlier ones; 0: paid with standing credit. */
  #attempt = 0;
  /** The attempt whose DATA may come. */
  #current = 0;

  constructor(owner: Session, host: SessionHost, promises: Promises) {
    super();
    this.#owner = owner;
    this.#host = host;
    this.#promises = promises;
  }

  /** Notifications whose handlers have not ended. */
  get openCount(): number {
    return this.#promises.notifications.held;
  }

  /** Bytes held of one that is not whole. */
  get heldBytes(): number {
    if (this.#assembly === null) return 0;
    return this.#assembly.heldBytes + (this.#metadata?.length ?? 0);
  }

  /** NOTIFY came; see `MessageHandler.onNotification`. */
  handleNotification(
    service: string,
    codec: number,
    stated: number,
    asks: boolean,
    metadata: Uint8Array | null,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null {
    if (this.#assembly !== null) return "unexpected-frame";
    const length = stated < 0 ? end - start : stated;
    if (!this.#promises.notifications.take(1)) return "limit-exceeded";
    if (!asks && length > 0 && !this.#promises.notificationBytes.take(length)) {
      return "limit-exceeded";
    }
    if (stated < 0) {
      this.#host.handler.onNotification(this.#owner, service, codec, metadata, bytes, start, end);
      this.#giveBack(length);
      return null;
    }
    this.#service = service;
    this.#codec = codec;
    this.#metadata = metadata;
    this.#current = 0;
    this.#assemble(length, asks);
    return null;
  }

  /** DATA of a notification came. */
  handleData(
    attempt: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null {
    const assembly = this.#assembly;
    if (attempt > this.#attempt) return "unexpected-frame";
    // Its room was taken back: it is sent once more.
    if (attempt !== this.#current && attempt > 0) return null;
    if (assembly === null || attempt !== this.#current) return "unexpected-frame";
    const result = assembly.add(bytes, start, end);
    if (result === "not-granted") return "unexpected-frame";
    if (result === "too-much") return "limit-exceeded";
    if (result === "more") return null;
    this.#assembly = null;
    this.#host.timers.remove(this);
    const payload = assembly.take();
    if (attempt > 0) {
      this.#promises.grant(DataKind.TAKEN, 0, attempt);
      this.#owner.handlePromises();
    }
    const { length } = payload;
    this.#host.handler.onNotification(
      this.#owner,
      this.#service,
      this.#codec,
      this.#metadata,
      payload,
      0,
      length,
    );
    this.#giveBack(assembly.settle());
    return null;
  }

  handleGranted(): void {
    this.#current = ++this.#attempt;
    this.#promises.grant(DataKind.NOTIFICATION, 0, this.#current);
    this.#host.timers.add(this, this.#host.assemblyTimeoutMs);
    this.#owner.handlePromises();
  }

  /** It comes too slowly: others need the room. It gets room again, and is sent once more. */
  override expire(): void {
    const { length } = this.#assembly!;
    this.#promises.withdraw(DataKind.NOTIFICATION, 0, this.#current);
    this.#assembly!.settle();
    this.#assemble(length, true);
  }

  /** A handler has ended. */
  handleEnded(): void {
    if (this.#promises.notifications.giveBack(1)) this.#owner.handlePromises();
  }

  /** The other end's process is gone, or this one ends. */
  end(): void {
    this.#host.timers.remove(this);
    this.#assembly = null;
    this.#account?.close();
  }

  #assemble(length: number, asks: boolean): void {
    const account = asks
      ? (this.#account ??= new RoomAccount(this.#host.rooms.notifications, this.#owner.roomShare))
      : null;
    this.#assembly = new Assembly(length, account, this, this.#host.allocate);
    this.#assembly.begin();
  }

  #giveBack(bytes: number): void {
    if (bytes > 0 && this.#promises.notificationBytes.giveBack(bytes)) {
      this.#owner.handlePromises();
    }
  }
}
