/**
 * Large payloads on their way out: one piece of each in turn, so that a small message waits for a
 * piece and never for a payload; and no more of them than the pace of the path allows.
 *
 * @module
 */

import { PIECE_MAX_BYTES } from "../wire/frame.ts";
import type { MessageWriter } from "../wire/message_writer.ts";

/** A payload whose DATA may be sent. */
export interface Transfer {
  /** One of `DataKind`. */
  readonly kind: number;
  readonly slot: number;
  readonly generation: number;
  readonly payload: Uint8Array;
  /** Whom it belongs to. */
  readonly message: object;
  /** Bytes written. */
  offset: number;
  /** Its last piece is written. */
  finish(): void;
}

/** Whom the transfers of a session ask and tell. */
export interface TransfersOwner {
  /** Whether another piece may be on its way. */
  readonly mayWritePiece: boolean;
  /** A piece was written in the last frame of the log. */
  handlePiece(bytes: number): void;
}

/** The transfers of one session. */
export class Transfers {
  readonly #owner: TransfersOwner;
  readonly #writer: MessageWriter;
  readonly #all: Transfer[] = [];
  #turn = 0;

  constructor(owner: TransfersOwner, writer: MessageWriter) {
    this.#owner = owner;
    this.#writer = writer;
  }

  /** How many there are. */
  get size(): number {
    return this.#all.length;
  }

  /** From now on it gets its turns. */
  add(transfer: Transfer): void {
    this.#all.push(transfer);
  }

  /** Nothing more of it is written. @returns Whether it was here. */
  remove(message: object): boolean {
    const index = this.#all.findIndex((transfer) => transfer.message === message);
    if (index < 0) return false;
    this.#removeAt(index);
    return true;
  }

  /** Nothing more is written. */
  clear(): void {
    this.#all.length = 0;
  }

  /**
   * One piece of the one whose turn it is.
   *
   * @returns Its bytes; 0: nothing waits, there is no room, or too much is on its way.
   */
  writePiece(): number {
    if (this.#all.length === 0 || !this.#owner.mayWritePiece) return 0;
    if (this.#turn >= this.#all.length) this.#turn = 0;
    const transfer = this.#all[this.#turn]!;
    const { kind, slot, generation, payload, offset } = transfer;
    const end = Math.min(payload.length, offset + PIECE_MAX_BYTES);
    if (!this.#writer.data(kind, slot, generation, payload, offset, end)) return 0;
    this.#owner.handlePiece(end - offset);
    transfer.offset = end;
    if (end === payload.length) {
      this.#removeAt(this.#turn);
      transfer.finish();
    } else this.#turn++;
    return end - offset;
  }

  #removeAt(index: number): void {
    this.#all.splice(index, 1);
    if (index < this.#turn) this.#turn--;
  }
}
