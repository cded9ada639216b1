/**
 * Room: what an endpoint lends to payloads that standing credit does not cover. One for each class
 * (requests, answers, notifications), shared by all sessions.
 *
 * Room is lent for a whole payload or not at all. Sessions are served in turn, the payloads of one
 * session in their order. No session holds more than half of what the others leave (a client: a
 * quarter), unless it holds nothing; what has its turn and finds too little free is overtaken by nobody, so it cannot starve. What was
 * lent comes back by a deadline, whatever the sender does: that is the borrower's business.
 *
 * Source: docs/protocol.md, "Room".
 *
 * @module
 */

/** Of what the others leave a peer may hold one of so many parts. */
export const PEER_SHARE = 2;

/** A client less: there are many, and nobody has defined them. */
export const CLIENT_SHARE = 4;

/** A payload that needs room. */
export interface RoomGuest {
  /** Bytes. */
  readonly length: number;
  /** Whether it would be used at once: a request that would not be started waits. */
  readonly isReady: boolean;
  /** It has its room. */
  handleRoom(): void;
}

/** The room of one class of an endpoint. */
export class Room {
  #freeBytes: number;
  /** Sessions with guests that wait; who got room goes to the end. */
  readonly #asking = new Set<RoomAccount>();
  #isLending = false;
  #lendAgain = false;

  /** @param bytes At least the largest payload. */
  constructor(bytes: number) {
    this.#freeBytes = bytes;
  }

  /** What is not lent, in bytes. */
  get freeBytes(): number {
    return this.#freeBytes;
  }

  /** Part of `RoomAccount`. */
  enter(account: RoomAccount): void {
    this.#asking.add(account);
    this.lend();
  }

  /** Part of `RoomAccount`. */
  leave(account: RoomAccount): void {
    this.#asking.delete(account);
  }

  /** Part of `RoomAccount`. */
  takeBack(bytes: number): void {
    this.#freeBytes += bytes;
  }

  /** Lends what can be lent. */
  lend(): void {
    this.#lendAgain = true;
    if (this.#isLending) return;
    this.#isLending = true;
    while (this.#lendAgain) {
      this.#lendAgain = false;
      this.#lendInTurn();
    }
    this.#isLending = false;
  }

  #lendInTurn(): void {
    for (const account of this.#asking) {
      const guest = account.firstReady();
      if (guest === null) continue;
      const { length } = guest;
      if (!account.mayHold(length, this.#freeBytes)) continue;
      if (length > this.#freeBytes) return;
      this.#freeBytes -= length;
      this.#asking.delete(account);
      if (account.admit(guest)) this.#asking.add(account);
      guest.handleRoom();
    }
  }
}

/** What one session holds and wants of a room. */
export class RoomAccount {
  readonly #room: Room;
  /** In the order in which they asked. */
  readonly #waiting = new Set<RoomGuest>();
  readonly #share: number;
  #heldBytes = 0;

  /** @param share It may hold one of so many parts of what the others leave. */
  constructor(room: Room, share: number) {
    this.#room = room;
    this.#share = share;
  }

  /** What is lent to this session, in bytes. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /** Somebody needs room: `handleRoom` follows, at once or later. */
  ask(guest: RoomGuest): void {
    this.#waiting.add(guest);
    this.#room.enter(this);
  }

  /** Somebody no longer needs it. @returns `false`: it does not wait. */
  withdraw(guest: RoomGuest): boolean {
    if (!this.#waiting.delete(guest)) return false;
    if (this.#waiting.size === 0) this.#room.leave(this);
    // It may have been what the others had to wait for.
    this.#room.lend();
    return true;
  }

  /** So many bytes are given back. */
  giveBack(bytes: number): void {
    this.#heldBytes -= bytes;
    this.#room.takeBack(bytes);
    this.#room.lend();
  }

  /** Guests have become ready. */
  retry(): void {
    if (this.#waiting.size > 0) this.#room.lend();
  }

  /** The session has ended: it wants nothing and holds nothing. */
  close(): void {
    this.#waiting.clear();
    this.#room.leave(this);
    this.giveBack(this.#heldBytes);
  }

  /** Part of `Room`. */
  firstReady(): RoomGuest | null {
    for (const guest of this.#waiting) if (guest.isReady) return guest;
    return null;
  }

  /** Part of `Room`: whether so much more is not too much for one session. */
  mayHold(bytes: number, freeBytes: number): boolean {
    const heldBytes = this.#heldBytes;
    return heldBytes === 0 || (heldBytes + bytes) * this.#share <= freeBytes + heldBytes;
  }

  /** Part of `Room`. @returns Whether others wait. */
  admit(guest: RoomGuest): boolean {
    this.#waiting.delete(guest);
    this.#heldBytes += guest.length;
    return this.#waiting.size > 0;
  }
}
