/**
 * A payload on its way in: its length was stated, and its bytes come in DATA frames, paid with
 * standing credit or into room that was granted.
 *
 * One buffer for the whole, made when the first byte comes. What is no longer wanted goes on being
 * counted, so that both ends agree on where it ends.
 *
 * @module
 */

import type { RoomAccount, RoomGuest } from "./room.ts";

/** Makes memory for a payload; its content does not matter. */
export type Allocate = (bytes: number) => Uint8Array;

/** Whom an assembly tells. */
export interface AssemblyOwner {
  /** Whether the payload would be used at once. */
  readonly isReady: boolean;
  /** It has its room: the sender is to be told. */
  handleGranted(): void;
}

/** What a DATA frame was. */
export type DataResult = "more" | "whole" | "too-much" | "not-granted";

/** A payload on its way in. */
export class Assembly implements RoomGuest {
  readonly length: number;
  readonly #owner: AssemblyOwner;
  /** Where its room comes from; `null`: it is paid with standing credit. */
  readonly #account: RoomAccount | null;
  readonly #allocate: Allocate;
  #bytes: Uint8Array | null = null;
  #received = 0;
  #state: "asks" | "comes" | "unwanted";
  /** Whether room or credit is still held. */
  #isPaid: boolean;

  /** @param account Where its room comes from; `null`: standing credit has paid for it. */
  constructor(
    length: number,
    account: RoomAccount | null,
    owner: AssemblyOwner,
    allocate: Allocate,
  ) {
    this.length = length;
    this.#account = account;
    this.#owner = owner;
    this.#allocate = allocate;
    this.#isPaid = account === null;
    this.#state = account === null ? "comes" : "asks";
  }

  /** Whether standing credit has paid for it. */
  get isOnCredit(): boolean {
    return this.#account === null;
  }

  /** Whether its room was not granted yet. */
  get isAsking(): boolean {
    return this.#state === "asks";
  }

  /** Whether nobody wants it any more. */
  get isUnwanted(): boolean {
    return this.#state === "unwanted";
  }

  /** Bytes of memory held for it. */
  get heldBytes(): number {
    return this.#bytes?.length ?? 0;
  }

  get isReady(): boolean {
    return this.#owner.isReady;
  }

  /** Asks for its room, where it needs some. */
  begin(): void {
    this.#account?.ask(this);
  }

  handleRoom(): void {
    this.#state = "comes";
    this.#isPaid = true;
    this.#owner.handleGranted();
  }

  /** A piece came. */
  add(bytes: Uint8Array, start: number, end: number): DataResult {
    if (this.#state === "asks") return "not-granted";
    const received = this.#received + end - start;
    if (received > this.length) return "too-much";
    if (this.#state === "comes") {
      const target = this.#bytes ??= this.#allocate(this.length);
      target.set(bytes.subarray(start, end), this.#received);
    }
    this.#received = received;
    return received === this.length ? "whole" : "more";
  }

  /** The whole payload, which is the caller's from now on. Its room stays lent until `settle`. */
  take(): Uint8Array {
    const bytes = this.#bytes!;
    this.#bytes = null;
    return bytes;
  }

  /** Nobody wants it any more, and what is still to come is paid already. */
  discard(): void {
    this.#bytes = null;
    this.#state = "unwanted";
  }

  /**
   * Nobody wants it any more, or the application has it: its room comes back.
   *
   * @returns Bytes of standing credit that are to be given back.
   */
  settle(): number {
    this.#bytes = null;
    const wasAsking = this.#state === "asks";
    this.#state = "unwanted";
    if (wasAsking) this.#account!.withdraw(this);
    if (!this.#isPaid) return 0;
    this.#isPaid = false;
    if (this.#account === null) return this.length;
    this.#account.giveBack(this.length);
    return 0;
  }
}
