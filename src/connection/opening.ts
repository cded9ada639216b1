/**
 * The time until a connection is open: its handshake, and what is told where that fails.
 *
 * Under a secret the acceptor hears only at the end of the handshake who dials. So a dialer holds
 * the connection for open, and the first frame may be a refusal all the same.
 *
 * @module
 */

import { foreignText } from "../core/channel/foreign.ts";
import { type Ciphers, decodeRefuse, escaped, type Handshake } from "../core/channel/handshake.ts";
import { FrameKind } from "../core/wire/frame.ts";
import type { Hello } from "../core/wire/hello.ts";
import { CODES, type ErrorCode } from "../errors.ts";
import type { EndReason, HandshakeOwner } from "./connection_owner.ts";
import type { ConnectionContext } from "./context.ts";

/** What an opening does with its connection. */
export interface Openable {
  readonly direction: "inbound" | "outbound";
  readonly remoteAddress: string;
  helloAtMs: number;
  sendControl(frame: Uint8Array): void;
  /** Its first message has opened. */
  greeted(): void;
  /** From now on all that is sent is sealed. */
  seal(ciphers: Ciphers): void;
  /** What comes next is read in another way. */
  readAnew(ciphers: Ciphers | null): void;
  /** The other end is let in: its owner has the connection from now on. */
  open(remote: Hello): void;
  refuse(code: ErrorCode, detail: string): void;
  abort(reason: EndReason): void;
}

/** What is done with the frame after which was asked. */
export type Onward = /** Read on. */ "on" | /** Read on in another way. */ "anew" | "pass it on";

/** The opening of one connection. */
export class Opening {
  readonly #context: ConnectionContext;
  readonly #starter: HandshakeOwner;
  readonly #connection: Openable;
  #handshake: Handshake | null;
  /** What the other end speaks instead of freshlink, by its first bytes; empty: nothing else. */
  #foreign: string | null = null;

  constructor(
    context: ConnectionContext,
    starter: HandshakeOwner,
    connection: Openable,
    handshake: Handshake,
  ) {
    this.#context = context;
    this.#starter = starter;
    this.#connection = connection;
    this.#handshake = handshake;
  }

  /** Sends what a dialer says first. */
  begin(): void {
    const first = this.#handshake!.begin();
    if (first.length > 0) this.#connection.sendControl(first);
  }

  /** Looks at the first bytes: does the other end speak freshlink? */
  look(chunk: Uint8Array): void {
    this.#foreign ??= foreignText(chunk) ?? "";
  }

  /** Takes a frame of the handshake, and the first one after it. */
  handleFrame(kind: number, body: Uint8Array): Onward {
    if (this.#handshake === null) return this.#handleFirst(kind, body);
    const connection = this.#connection;
    if (kind === FrameKind.HELLO) connection.helloAtMs = this.#context.timers.nowMs();
    const step = this.#handshake.handleFrame(kind, body);
    switch (step.kind) {
      case "send":
        connection.sendControl(step.bytes);
        connection.greeted();
        return "on";
      case "refuse":
        this.failed(step.code, step.detail, step.name);
        if (step.ciphers !== null) connection.seal(step.ciphers);
        connection.refuse(step.code, step.detail);
        return "on";
      case "refused":
        this.#refused(step.code, step.detail);
        connection.abort(step.code);
        return "on";
      case "done":
        if (step.bytes.length > 0) connection.sendControl(step.bytes);
        this.#finish(step.remote, step.ciphers);
        return "anew";
    }
  }

  /** Tells that the handshake failed. @param claimedName Who the other end says it is. */
  failed(code: ErrorCode, detail: string, claimedName: string | null = null): void {
    const { remoteAddress, direction } = this.#connection;
    const why = this.#foreign || detail;
    this.#starter.handleFailed(code, why);
    const leftOut = this.#starter.leftOut();
    if (leftOut === null) return;
    this.#context.emit({
      type: "handshake-failed",
      peer: this.#starter.peerName,
      remoteAddress,
      code,
      detail: escaped(why),
      claimedName: claimedName === null ? null : escaped(claimedName),
      direction,
      leftOut,
    });
  }

  #finish(remote: Hello, ciphers: Ciphers | null): void {
    this.#handshake = null;
    const connection = this.#connection;
    connection.readAnew(ciphers);
    if (ciphers !== null) connection.seal(ciphers);
    connection.open(remote);
  }

  #handleFirst(kind: number, body: Uint8Array): Onward {
    if (kind === FrameKind.REFUSE && this.#connection.direction === "outbound") {
      const { code, detail } = decodeRefuse(body);
      if (code !== "duplicate" && code !== "displaced") this.#refused(code, detail);
    }
    return "pass it on";
  }

  /** The other end does not let this one in. */
  #refused(code: ErrorCode, detail: string): void {
    // A crossing dial that the other end no longer needs is no failure.
    if (code === "not-needed") return;
    const { peerName } = this.#starter;
    const why = code === "proof-mismatch" && peerName !== null
      ? `'${peerName}' and this end have different secrets, or only one of them has any`
      : `refused by the other end: ${detail || CODES[code].summary}`;
    this.failed(code, why);
  }
}
