/**
 * What this end has promised to hold for the other one, and what it has to tell it about that:
 * GRANT and CREDIT. What waits for the log is joined.
 *
 * @module
 */

import { type Grant, GRANT_ENTRIES_MAX, type MessageWriter } from "../wire/message_writer.ts";
import { ReceiveCredit } from "./credit.ts";

/** Who sees to it that promises are told. */
export interface PromisesOwner {
  /** GRANT or CREDIT waits. */
  handlePromises(): void;
}

/** The promises of one session. */
export class Promises {
  readonly requests: ReceiveCredit;
  readonly answers: ReceiveCredit;
  readonly notificationBytes: ReceiveCredit;
  readonly notifications: ReceiveCredit;
  /** Grants that wait for the log. */
  #grants: Grant[] = [];

  /** @param bytes Standing credit of each class. @param count Notifications. */
  constructor(bytes: number, count: number) {
    this.requests = new ReceiveCredit(bytes);
    this.answers = new ReceiveCredit(bytes);
    this.notificationBytes = new ReceiveCredit(bytes);
    this.notifications = new ReceiveCredit(count);
  }

  /** Whether something is to be told. */
  get isDue(): boolean {
    return this.#grants.length > 0 || this.#creditIsDue;
  }

  /** There is room: the other end is told. */
  grant(kind: number, slot: number, generation: number): void {
    this.#grants.push({ kind, slot, generation });
  }

  /** A grant is void before it was told. */
  withdraw(kind: number, slot: number, generation: number): void {
    const index = this.#grants.findIndex((grant) =>
      grant.kind === kind && grant.slot === slot && grant.generation === generation
    );
    if (index >= 0) this.#grants.splice(index, 1);
  }

  /** Writes what is to be told. @returns Whether anything was written. */
  write(writer: MessageWriter): boolean {
    let moved = false;
    while (this.#grants.length > 0) {
      const count = Math.min(this.#grants.length, GRANT_ENTRIES_MAX);
      if (!writer.grant(this.#grants, count)) return moved;
      this.#grants.splice(0, count);
      moved = true;
    }
    if (!this.#creditIsDue) return moved;
    const { requests, answers, notificationBytes, notifications } = this;
    const [r, a, n, c] = [requests, answers, notificationBytes, notifications]
      .map((credit) => credit.gathered) as [number, number, number, number];
    if (!writer.credit(r, a, n, c)) return moved;
    for (const credit of [requests, answers, notificationBytes, notifications]) credit.told();
    return true;
  }

  get #creditIsDue(): boolean {
    return this.requests.isDue || this.answers.isDue || this.notificationBytes.isDue ||
      this.notifications.isDue;
  }
}
