/**
 * What comes in on one socket: frames of the handshake, then records where there are ciphers, then
 * frames again. Nothing of a record is seen before it is verified.
 *
 * @module
 */

import { RecordOpener } from "../core/channel/record.ts";
import type { CipherState } from "../core/channel/cipher_state.ts";
import { BODY_MAX_BYTES, HANDSHAKE_BODY_MAX_BYTES } from "../core/wire/frame.ts";
import { FrameDecoder, type FrameHandler, type TailPool } from "../core/wire/frame_decoder.ts";

/** Takes the frames. */
export interface ReaderHandler extends FrameHandler {
  /** A record was verified; what it holds follows. */
  onRecordOpened(): void;
  /** A record does not open; nothing is delivered any more. */
  onRecordDefect(): void;
}

/** The incoming side of one connection. */
export class SocketReader {
  readonly #handler: ReaderHandler;
  readonly #pool: TailPool;
  #decoder = new FrameDecoder(HANDSHAKE_BODY_MAX_BYTES);
  #opener: RecordOpener | null = null;
  #stopped = false;

  /** @param pool Where memory for large frames comes from. */
  constructor(handler: ReaderHandler, pool: TailPool) {
    this.#handler = handler;
    this.#pool = pool;
  }

  /** Takes what the socket has read. */
  push(chunk: Uint8Array): void {
    const opener = this.#opener;
    if (opener !== null) {
      opener.push(chunk, this);
      return;
    }
    const decoder = this.#decoder;
    const used = decoder.push(chunk, this.#handler);
    // The handshake ended in this chunk: what is left of it is for those that came then.
    const isOver = decoder !== this.#decoder && used < chunk.length && !this.#stopped;
    if (isOver) this.push(chunk.subarray(used));
  }

  /**
   * The handshake is over: the next frame may be larger, and lies in records where there is a
   * cipher. The frame that ended the handshake must be answered with `false`.
   */
  goOn(cipher: CipherState | null): void {
    this.#decoder = new FrameDecoder(BODY_MAX_BYTES, this.#pool);
    if (cipher !== null) this.#opener = new RecordOpener(cipher);
  }

  /** Delivers nothing any more. */
  stop(): void {
    this.#stopped = true;
    this.#decoder.stop();
    this.#opener?.stop();
  }

  /** Part of `RecordHandler`. */
  onRecord(bytes: Uint8Array): boolean {
    this.#handler.onRecordOpened();
    this.#decoder.push(bytes, this.#handler);
    return !this.#stopped;
  }

  /** Part of `RecordHandler`. */
  onRecordDefect(): void {
    this.#handler.onRecordDefect();
  }
}
