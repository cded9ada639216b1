/**
 * One connection: a socket, its handshake, its frames, its heartbeat, and what goes out on it.
 *
 * The driver does not know which connection is the right one: it tells its owner that a handshake
 * is complete, which control frames arrive, and once that it is closed, and carries the session that
 * its owner attaches. Control frames go ahead of data, which goes out in one batch a turn.
 *
 * @module
 */

import { Deadline } from "../core/time/deadline_heap.ts";
import {
  emptyFrame,
  FrameKind,
  isMessageKind,
  numberFrame,
  readU64,
  startFrame,
  STATE_CLOSING,
} from "../core/wire/frame.ts";
import {
  type Ciphers,
  decodeRefuse,
  encodeRefuse,
  type Handshake,
} from "../core/channel/handshake.ts";
import { RecordSealer } from "../core/channel/record.ts";
import { checkIntervalMs, Heartbeat } from "../core/link/heartbeat.ts";
import type { Hello } from "../core/wire/hello.ts";
import type { Session } from "../core/session/session.ts";
import { CODES, type ErrorCode } from "../errors.ts";
import type { CloseReason, PeerCertificate, Socket, SocketHandler } from "../runtime/runtime.ts";
import type { ConnectionOwner, EndReason, HandshakeOwner } from "./connection_owner.ts";
import { addressText, type ConnectionContext } from "./context.ts";
import { lostHandshakeText } from "./failure_text.ts";
import { type Openable, Opening } from "./opening.ts";
import { type ReaderHandler, SocketReader } from "./socket_reader.ts";
import { SocketWriter } from "./socket_writer.ts";

/**
 * For so many `deadAfterMs` after the last record the bytes of the next one are believed to be a
 * sign of life: a slow path takes its time, and one whose length somebody changed may never end.
 */
const UNVERIFIED_DEATHS = 2;

/** A connection. */
export class Connection extends Deadline implements SocketHandler, ReaderHandler, Openable {
  readonly id: number;
  readonly direction: "inbound" | "outbound";
  readonly remoteAddress: string;
  readonly heartbeat: Heartbeat;
  /** When its HELLO was sent or received, monotonic milliseconds. */
  helloAtMs: number;
  readonly #context: ConnectionContext;
  readonly #socket: Socket;
  readonly #writer: SocketWriter;
  readonly #inlet: SocketReader;
  readonly #starter: HandshakeOwner;
  /** From the end of the handshake on. */
  #owner: ConnectionOwner | null = null;
  /** Until the first frame after the handshake. */
  #opening: Opening | null;
  #endReason: EndReason | null = null;
  #remote: Hello | null = null;
  /** The session that writes here; frames of it arrive here too. */
  #session: Session | null = null;
  /** When a record was opened last, monotonic milliseconds. */
  #verifiedMs: number;
  /** The number of the next message frame that arrives; 0: START has not come. */
  #nextNumber = 0;

  constructor(
    context: ConnectionContext,
    starter: HandshakeOwner,
    socket: Socket,
    direction: "inbound" | "outbound",
    handshake: Handshake,
  ) {
    super();
    this.id = context.nextConnectionId();
    this.direction = direction;
    this.#context = context;
    this.#starter = starter;
    this.#socket = socket;
    this.remoteAddress = addressText(socket.remoteAddress);
    const nowMs = context.timers.nowMs();
    this.helloAtMs = this.#verifiedMs = nowMs;
    this.heartbeat = new Heartbeat(context.settings, nowMs);
    this.#writer = new SocketWriter(context, socket, this.heartbeat);
    this.#inlet = new SocketReader(this, context.sessions.pool);
    this.#opening = new Opening(context, starter, this, handshake);
    context.timers.add(this, context.settings.handshakeTimeoutMs);
    this.#opening.begin();
  }

  /** Whether it is closed. */
  get isClosed(): boolean {
    return this.#endReason !== null;
  }

  /** Why it is closed; `null` while it is not. */
  get endReason(): EndReason | null {
    return this.#endReason;
  }

  /** Who the other end is; `null` before the handshake is complete. */
  get remote(): Hello | null {
    return this.#remote;
  }

  /** What the other end's verified certificate says; `null` without TLS. */
  get certificate(): PeerCertificate | null {
    return this.#socket.peerCertificate;
  }

  /** The socket's file descriptor, where the runtime tells it. */
  get descriptor(): number | null {
    return this.#socket.descriptor;
  }

  /** Whether the socket still reads what it was given. */
  get isBlocked(): boolean {
    return this.#writer.isBlocked;
  }

  /** From now on (again) this session sends here; announces where it starts. */
  attach(session: Session): void {
    this.#session = session;
    this.#writer.session = session;
    session.certificate = this.certificate;
    session.publicKey = this.#remote?.publicKey ?? null;
    this.sendControl(startFrame(session.startSending(), session.isClosing));
  }

  /** The session sends elsewhere now. */
  stopSending(): void {
    this.#writer.session = null;
  }

  /** Sends a control frame without a body. */
  sendEmpty(kind: number): void {
    this.sendControl(emptyFrame(kind));
  }

  /** Sends a control frame with a number. */
  sendNumber(kind: number, value: number): void {
    this.sendControl(numberFrame(kind, value));
  }

  /** Sends a control frame ahead of all data. */
  sendControl(frame: Uint8Array): void {
    this.#writer.control(frame);
  }

  /** Measures the round trip, or asks for a sign of life. */
  ping(nonce: number): void {
    this.heartbeat.handlePing(nonce, this.#context.timers.nowMs());
    this.sendNumber(FrameKind.PING, nonce);
  }

  /** A message waits; it is written soon. */
  scheduleFlush(): void {
    this.#writer.schedule();
  }

  /** Ends it at once; its owner is told before this returns. */
  abort(reason: EndReason): void {
    if (this.isClosed) return;
    this.#socket.abort();
    this.#finish(reason);
  }

  /** Tells the other end why, and ends it in order. Its owner is told before this returns. */
  refuse(code: ErrorCode, detail: string): void {
    if (this.isClosed) return;
    // Before there are keys, everybody on the path could read the words.
    const isBare = this.#context.channel.isSealed && !this.#writer.isSealed;
    this.#writer.finish(encodeRefuse(code, isBare ? "" : detail));
    this.#socket.close();
    this.#finish(code);
  }

  /** The other end broke the protocol: reports it, tells why, and ends it. */
  breach(code: ErrorCode, detail: string): void {
    if (this.isClosed) return;
    this.#reportBreach(code, detail);
    this.refuse(code, detail);
  }

  /** Ends it in order: what was written is delivered. Its owner is told before this returns. */
  close(): void {
    if (this.isClosed) return;
    this.#writer.flush();
    this.#socket.close();
    this.#finish("local");
  }

  /** The handshake's deadline, later a check of the heartbeat. */
  override expire(nowMs: number): void {
    const owner = this.#owner;
    if (owner === null) {
      const { handshakeTimeoutMs } = this.#context.settings;
      const what = this.#isUnverified ? "TLS had not begun" : "the handshake was not complete";
      this.#opening!.failed("handshake-timeout", `${what} after ${handshakeTimeoutMs} ms`);
      this.refuse("handshake-timeout", "");
      return;
    }
    this.#context.timers.add(this, checkIntervalMs(this.#context.settings));
    const verdict = this.heartbeat.check(nowMs, owner.isWaiting(this));
    if (verdict === "dead") {
      this.abort("silent");
      return;
    }
    if (verdict === "suspect") owner.handleSuspect(this, this.heartbeat.silenceMs(nowMs));
    if (this.isClosed) return;
    if (verdict === "ask" || this.heartbeat.wantsPing(nowMs)) this.ping(owner.drawNonce());
    else if (verdict === "beat") this.sendControl(emptyFrame(FrameKind.BEAT));
  }

  // The socket's calls.

  onData(chunk: Uint8Array): void {
    if (this.isClosed) return;
    const nowMs = this.#context.timers.nowMs();
    this.#context.traffic.receivedBytes += chunk.length;
    if (this.#isCredible(nowMs)) this.heartbeat.receivedMs = nowMs;
    this.#opening?.look(chunk);
    this.#inlet.push(chunk);
    if (!this.isClosed) this.#owner?.handleChunkEnd(this);
  }

  onDrain(): void {
    this.#writer.handleDrain();
  }

  onClose(reason: CloseReason): void {
    if (this.isClosed) return;
    if (this.#owner === null) {
      const isSecure = this.#context.tls !== undefined;
      const text = lostHandshakeText(reason, this.direction, isSecure);
      this.#opening!.failed("handshake-lost", text);
    }
    this.#finish(reason.kind);
  }

  // The reader's calls.

  onRecordOpened(): void {
    this.#verifiedMs = this.heartbeat.receivedMs = this.#context.timers.nowMs();
  }

  onRecordDefect(): void {
    const detail = "a record does not open: the bytes were changed on their way";
    this.#reportBreach("record-mismatch", detail);
    this.abort("record-mismatch");
  }

  onFrame(kind: number, bytes: Uint8Array, start: number, end: number): boolean {
    if (isMessageKind(kind) && this.#nextNumber > 0) {
      const number = this.#nextNumber++;
      const code = this.#session!.handleMessage(number, kind, bytes, start, end);
      if (code !== null) this.breach(code, `in a frame of kind ${kind}`);
      return !this.isClosed;
    }
    if (this.#opening !== null) {
      const onward = this.#opening.handleFrame(kind, bytes.subarray(start, end));
      if (onward !== "pass it on") return onward === "on" && !this.isClosed;
      this.#opening = null;
      if (this.isClosed) return false;
    }
    const code = this.#handleControl(kind, bytes, start, end);
    if (code !== null) this.breach(code, `frame kind ${kind}`);
    return !this.isClosed;
  }

  onDefect(code: ErrorCode, detail: string): void {
    this.breach(code, detail);
  }

  // What its opening asks for.

  greeted(): void {
    this.#starter.handleGreeted(this);
  }

  seal(ciphers: Ciphers): void {
    this.#writer.seal(new RecordSealer(ciphers.send));
  }

  readAnew(ciphers: Ciphers | null): void {
    this.#inlet.goOn(ciphers?.receive ?? null);
  }

  open(remote: Hello): void {
    this.#remote = remote;
    this.heartbeat.handleRemoteInterval(remote.heartbeatIntervalMs);
    this.#context.timers.add(this, checkIntervalMs(this.#context.settings));
    // The owner may end it at once, and has to hear of that.
    this.#owner = this.#starter.ownerOf(this, remote);
    this.#owner.handleOpen(this, remote);
  }

  #handleControl(kind: number, bytes: Uint8Array, start: number, end: number): ErrorCode | null {
    if (kind === FrameKind.BEAT) return end === start ? null : "malformed-frame";
    if (kind === FrameKind.REFUSE) {
      const { code, detail } = decodeRefuse(bytes.subarray(start, end));
      this.#owner!.handleRefused(this, code, detail || CODES[code].summary);
      this.abort(code);
      return null;
    }
    if (kind === FrameKind.DRAIN) {
      if (end !== start) return "malformed-frame";
      this.#owner!.handleControl(this, kind, 0);
      return null;
    }
    if (kind < FrameKind.USE || isMessageKind(kind)) return "unexpected-frame";
    if (end - start !== this.#bodyBytes(kind)) return "malformed-frame";
    const number = readU64(bytes, start);
    if (number < 0) return "number-out-of-range";
    switch (kind) {
      case FrameKind.ACK:
        return this.#handleAck(number);
      case FrameKind.START:
        return this.#handleStart(number, bytes[start + 8]!);
      case FrameKind.PING:
        this.sendNumber(FrameKind.PONG, number);
        return null;
      case FrameKind.PONG:
        this.heartbeat.handlePong(number, this.#context.timers.nowMs());
    }
    const session = end - start === 16 ? readU64(bytes, start + 8) : 0;
    this.#owner!.handleControl(this, kind, number, session);
    return null;
  }

  /** How long a control frame is: USE tells a client its session, too. */
  #bodyBytes(kind: number): number {
    if (kind === FrameKind.START) return 9;
    return kind === FrameKind.USE && this.#context.self.role === "client" ? 16 : 8;
  }

  #handleAck(number: number): ErrorCode | null {
    const session = this.#session;
    if (session === null) return "unexpected-frame";
    if (session.isEnded) return null;
    if (!session.handleAck(number)) return "number-out-of-range";
    if (this.#writer.session !== null) this.#writer.schedule();
    return null;
  }

  #handleStart(number: number, state: number): ErrorCode | null {
    if (this.#session === null) return "unexpected-frame";
    if (number === 0) return "number-out-of-range";
    if (!this.#session.isEnded && number > this.#session.received + 1) return "sequence-gap";
    this.#nextNumber = number;
    const owner = this.#owner!;
    owner.handleControl(this, FrameKind.START, number);
    if ((state & STATE_CLOSING) !== 0 && !this.isClosed) {
      owner.handleControl(this, FrameKind.DRAIN, 0);
    }
    return null;
  }

  #reportBreach(code: ErrorCode, detail: string): void {
    if (this.#owner === null) {
      this.#opening!.failed(code, detail);
      return;
    }
    this.#context.emit({
      type: "protocol-error",
      peer: this.#remote!.name,
      remoteAddress: this.remoteAddress,
      code,
      detail,
    });
  }

  /** Whether bytes are a sign of life: those of a record, for a while, before it is whole. */
  #isCredible(nowMs: number): boolean {
    if (!this.#writer.isSealed) return true;
    const { deadAfterMs } = this.#context.settings;
    return nowMs - this.#verifiedMs < UNVERIFIED_DEATHS * deadAfterMs;
  }

  /** Whether TLS has not let anybody in. */
  get #isUnverified(): boolean {
    return this.#context.tls !== undefined && this.#socket.peerCertificate === null;
  }

  #finish(reason: EndReason): void {
    this.#endReason = reason;
    this.#writer.stop();
    this.#opening = null;
    this.#inlet.stop();
    this.#context.timers.remove(this);
    if (this.#owner === null) this.#starter.handleUnfinished(this, reason);
    else this.#owner.handleClosed(this, reason);
  }
}
