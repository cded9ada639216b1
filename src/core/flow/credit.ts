/**
 * Standing credit: what may be sent to the other end without asking.
 *
 * The sender spends it with each message; the receiver counts what has come, and gives it back when
 * the application has the payload. It gives back when half has gathered: then the sender, whatever
 * it has spent, has at least half again as soon as nothing is held here.
 *
 * Source: docs/protocol.md, "Standing credit".
 *
 * @module
 */

/** What a session may still send unasked. */
export class SendCredit {
  /** Bytes of payloads of requests. */
  requests: number;
  /** Bytes of payloads of answers. */
  answers: number;
  /** Bytes of payloads of notifications. */
  notificationBytes: number;
  /** Notifications. */
  notifications: number;
  /** A notification above this asks: its credit might never be there at once. */
  readonly notificationMaxBytes: number;

  /** @param bytes For each class. */
  constructor(bytes: number, notifications: number) {
    this.requests = this.answers = this.notificationBytes = bytes;
    this.notifications = notifications;
    this.notificationMaxBytes = bytes >> 1;
  }
}

/** What the other end may still send unasked, in one class. */
export class ReceiveCredit {
  readonly #promised: number;
  /** Sent by the other end and not given back to it. */
  #out = 0;
  /** Of that: the application has it, and CREDIT does not say so yet. */
  #gathered = 0;

  /** @param promised Bytes, or messages. */
  constructor(promised: number) {
    this.#promised = promised;
  }

  /** Of what is out: what this end holds. */
  get held(): number {
    return this.#out - this.#gathered;
  }

  /** Something came. @returns `false`: it was not promised (caused by the peer). */
  take(amount: number): boolean {
    this.#out += amount;
    return this.#out <= this.#promised;
  }

  /** The application has it. @returns Whether so much has gathered that the sender is told. */
  giveBack(amount: number): boolean {
    this.#gathered += amount;
    return this.isDue;
  }

  /** Whether the sender is to be told. */
  get isDue(): boolean {
    return this.#gathered > 0 && this.#gathered >= this.#promised >> 1;
  }

  /** What CREDIT would say now. */
  get gathered(): number {
    return this.#gathered;
  }

  /** CREDIT has said so: it is the sender's again. */
  told(): void {
    this.#out -= this.#gathered;
    this.#gathered = 0;
  }
}
