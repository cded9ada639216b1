/**
 * The owner of a connection that nobody wants, once its handshake is complete.
 *
 * @module
 */

import type { ErrorCode } from "../errors.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionOwner } from "./connection_owner.ts";

/** Refuses the connection at once; nothing else comes of it. */
export class Refusal implements ConnectionOwner {
  readonly #code: ErrorCode;
  readonly #detail: string;

  constructor(code: ErrorCode, detail: string) {
    this.#code = code;
    this.#detail = detail;
  }

  handleOpen(connection: Connection): void {
    connection.refuse(this.#code, this.#detail);
  }

  handleControl(): void {}

  handleRefused(): void {}

  handleSuspect(): void {}

  handleChunkEnd(): void {}

  handleClosed(): void {}

  isWaiting(): boolean {
    return false;
  }

  drawNonce(): number {
    return 0;
  }
}
