/**
 * One end of a simulated connection: a byte queue towards the other end, and a receive buffer.
 *
 * Bytes stay with the sender until the other end's kernel has them. What cannot be delivered is
 * tried again with the delays of TCP's retransmission; a host that has no such connection (any
 * more) answers with RST.
 *
 * @module
 */

import {
  CLOSE_TIMEOUT_MS,
  type CloseReason,
  type Socket,
  type SocketHandler,
  type TcpAddress,
} from "../runtime/runtime.ts";
import type { Process } from "./process.ts";

/** The most bytes that one call of `onData` gets. */
const CHUNK_MAX_BYTES = 65_536;

const RETRANSMIT_MIN_MS = 200;
const RETRANSMIT_MAX_MS = 120_000;

/** Bytes on their way; an empty piece is FIN. */
interface Piece {
  bytes: Uint8Array;
  readonly readyMs: number;
  /** Its first part has arrived already: a chunk arrives in two, not in ever smaller ones. */
  isRest: boolean;
}

const FIN = new Uint8Array(0);
const LOCAL: CloseReason = Object.freeze({ kind: "local", code: null });
const EOF: CloseReason = Object.freeze({ kind: "eof", code: null });
const RESET: CloseReason = Object.freeze({ kind: "reset", code: "ECONNRESET" });

/** A socket of a simulated process. */
export class SimulatedSocket implements Socket {
  /** Part of `Socket`. */
  readonly remoteAddress: TcpAddress;
  /** Part of `Socket`. */
  readonly localAddress: TcpAddress;
  /** Part of `Socket`. */
  readonly descriptor = null;
  /** Part of `Socket`. */
  readonly peerCertificate = null;
  /** Whose it is. */
  readonly process: Process;
  /** Whether all that is sent from here is swallowed, for ever. Set by `Network.forget`. */
  isSwallowed = false;
  #peer!: SimulatedSocket;
  #handler: SocketHandler | null = null;
  /** Towards the other end. */
  readonly #pieces: Piece[] = [];
  #outBytes = 0;
  #kept: Uint8Array | null = null;
  #lastReadyMs = 0;
  #pumping = false;
  #waitsForRoom = false;
  #retransmitMs = 0;
  /** What the kernel has received and the process has not read. */
  readonly #received: Uint8Array[] = [];
  #receivedBytes = 0;
  #finReceived = false;
  #readPending = false;
  #paused = false;
  #ending = false;
  #closed = false;
  /** Its host has lost its power: nobody remembers it. */
  #vanished = false;

  /** Made by a dial, one for each end. */
  constructor(process: Process, localAddress: TcpAddress, remoteAddress: TcpAddress) {
    this.process = process;
    this.localAddress = localAddress;
    this.remoteAddress = remoteAddress;
    process.sockets.add(this);
  }

  /** Makes two sockets the ends of one connection. */
  static connect(one: SimulatedSocket, other: SimulatedSocket): void {
    one.#peer = other;
    other.#peer = one;
  }

  /** The other end. */
  get peer(): SimulatedSocket {
    return this.#peer;
  }

  /** Whether the connection is over at this end. */
  get isClosed(): boolean {
    return this.#closed;
  }

  /** From now on this one is told. */
  attach(handler: SocketHandler): void {
    this.#handler = handler;
    this.#wakeReader();
  }

  /** Part of `Socket`. */
  write(bytes: Uint8Array): boolean {
    if (this.#ending || this.#closed) return false;
    if (this.#kept !== null) throw new Error("Cannot write before the socket has drained");
    const { network } = this.#simulation;
    const room = network.bufferBytes - this.#outBytes;
    const short = network.drawShortWrite(bytes.length);
    const taken = Math.min(room, short);
    if (taken > 0) this.#enqueue(bytes.slice(0, taken));
    if (taken === bytes.length) return true;
    this.#kept = bytes.subarray(taken);
    // A short write with room left is continued by the adapter, not by the other end.
    if (taken < room) this.#simulation.schedule(0, null, () => this.#takeKept());
    return false;
  }

  /** Part of `Socket`. */
  pause(): void {
    this.#paused = true;
  }

  /** Part of `Socket`. */
  resume(): void {
    this.#paused = false;
    this.#wakeReader();
  }

  /** Part of `Socket`. */
  close(): void {
    if (this.#ending || this.#closed) return;
    this.#ending = true;
    this.#dropReceived();
    if (this.#kept === null) this.#enqueue(FIN);
    this.#simulation.schedule(CLOSE_TIMEOUT_MS, null, () => {
      if (this.#closed) return;
      this.#sendReset();
      this.#finish(LOCAL);
    });
  }

  /** Part of `Socket`. */
  abort(): void {
    if (this.#closed) return;
    this.#ending = true;
    this.#sendReset();
    this.#finish(LOCAL);
  }

  // The simulator's calls.

  /** Its host has lost its power. */
  vanish(): void {
    this.#vanished = true;
    this.#closed = true;
    this.#pieces.length = 0;
  }

  /** Its process has died: what it wrote is delivered, then FIN; RST if it had not read all. */
  endByKernel(): void {
    if (this.#closed) return;
    this.#ending = true;
    this.#closed = true;
    if (this.#receivedBytes > 0) this.#sendReset();
    else this.#enqueue(FIN);
  }

  /** RST arrives. */
  receiveReset(): void {
    if (this.#closed) return;
    const reason = this.#ending ? LOCAL : RESET;
    this.#ending = true;
    this.#dropReceived();
    this.#finish(reason);
  }

  /** New room at the other end, or a path that is open again. */
  kick(): void {
    if (this.#pieces.length > 0) this.#arm(0);
  }

  get #simulation() {
    return this.process.host.simulation;
  }

  #enqueue(bytes: Uint8Array): void {
    const { network, nowMs } = this.#simulation;
    const delayMs = network.drawDelay(this.process.host, this.#peer.process.host);
    const readyMs = Math.max(nowMs + delayMs, this.#lastReadyMs);
    this.#lastReadyMs = readyMs;
    this.#pieces.push({ bytes, readyMs, isRest: false });
    this.#outBytes += bytes.length;
    if (this.#pieces.length === 1) this.#arm(readyMs - nowMs);
  }

  #arm(delayMs: number): void {
    if (this.#pumping) return;
    this.#pumping = true;
    this.#simulation.schedule(delayMs, null, () => {
      this.#pumping = false;
      this.#pump();
    });
  }

  /** The first piece arrives, or does not. */
  #pump(): void {
    const [head] = this.#pieces;
    if (head === undefined || this.#vanished) return;
    const { nowMs, network } = this.#simulation;
    const clogMs = network.clogMs(this.process.host, this.#peer.process.host);
    if (head.readyMs > nowMs || clogMs > 0) {
      this.#arm(Math.max(head.readyMs - nowMs, clogMs));
      return;
    }
    if (!network.isOpen(this, this.#peer)) {
      this.#retransmitMs = Math.min(
        Math.max(RETRANSMIT_MIN_MS, 2 * this.#retransmitMs),
        RETRANSMIT_MAX_MS,
      );
      this.#arm(this.#retransmitMs);
      return;
    }
    this.#retransmitMs = 0;
    if (this.#peer.#refusesBytes(head.bytes)) {
      // Nobody there knows this connection: RST comes back.
      this.#pieces.length = 0;
      this.#peer.#sendReset();
      return;
    }
    this.#deliver(head);
  }

  #deliver(head: Piece): void {
    if (head.bytes === FIN) {
      this.#pieces.shift();
      this.#peer.#receiveFin();
      if (this.#ending && !this.#closed) this.#finish(LOCAL);
      return;
    }
    const { network } = this.#simulation;
    const room = network.bufferBytes - this.#peer.#receivedBytes;
    const whole = Math.min(head.bytes.length, CHUNK_MAX_BYTES);
    // As TCP does: little room is waited with, lest a slow reader makes all chunks small.
    if (room < Math.min(whole, network.bufferBytes / 2)) {
      this.#waitsForRoom = true;
      return;
    }
    const taken = Math.min(whole, room);
    const count = head.isRest ? taken : network.drawSplit(taken);
    head.isRest = count < taken;
    this.#peer.#receive(head.bytes.subarray(0, count));
    if (count === head.bytes.length) this.#pieces.shift();
    else head.bytes = head.bytes.subarray(count);
    this.#outBytes -= count;
    this.#takeKept();
    const [next] = this.#pieces;
    if (next !== undefined) this.#arm(next.readyMs - this.#simulation.nowMs);
  }

  #takeKept(): void {
    const kept = this.#kept;
    if (kept === null || this.#closed) return;
    const { bufferBytes } = this.#simulation.network;
    const room = bufferBytes - this.#outBytes;
    if (room < Math.min(kept.length, bufferBytes / 2)) return;
    if (kept.length > room) {
      this.#enqueue(kept.slice(0, room));
      this.#kept = kept.subarray(room);
      return;
    }
    this.#kept = null;
    this.#enqueue(kept.slice());
    if (this.#ending) this.#enqueue(FIN);
    else this.#call((handler) => handler.onDrain());
  }

  #refusesBytes(bytes: Uint8Array): boolean {
    if (this.#vanished) return true;
    return this.#closed && bytes !== FIN;
  }

  #receive(bytes: Uint8Array): void {
    if (this.#ending) return;
    this.#received.push(bytes);
    this.#receivedBytes += bytes.length;
    this.#wakeReader();
  }

  #receiveFin(): void {
    if (this.#closed) return;
    this.#finReceived = true;
    if (!this.#ending) this.#wakeReader();
  }

  #wakeReader(): void {
    const waits = this.#received.length > 0 || this.#finReceived;
    if (!waits || this.#readPending || this.#paused || this.#ending || this.#handler === null) {
      return;
    }
    this.#readPending = true;
    this.#simulation.schedule(0, this.process, () => {
      this.#readPending = false;
      this.#read();
    });
  }

  #read(): void {
    if (this.#paused || this.#ending) return;
    const [first] = this.#received;
    if (first === undefined) {
      if (!this.#finReceived) return;
      // There is no half-open state: whoever has sent FIN is gone, once what is held was written.
      this.#ending = true;
      this.#enqueue(FIN);
      this.#finish(EOF);
      return;
    }
    const chunk = first.slice();
    this.#received.shift();
    this.#receivedBytes -= chunk.length;
    if (this.#peer.#waitsForRoom) {
      this.#peer.#waitsForRoom = false;
      this.#peer.kick();
    }
    this.#call((handler) => handler.onData(chunk));
    // It was borrowed.
    chunk.fill(0xdd);
    this.#wakeReader();
  }

  #dropReceived(): void {
    this.#received.length = 0;
    this.#receivedBytes = 0;
    if (!this.#peer.#waitsForRoom) return;
    this.#peer.#waitsForRoom = false;
    this.#peer.kick();
  }

  #sendReset(): void {
    this.#pieces.length = 0;
    const { network } = this.#simulation;
    const delayMs = network.drawDelay(this.process.host, this.#peer.process.host);
    this.#simulation.schedule(delayMs, null, () => {
      // It is sent once: on a dead path nobody hears of it.
      if (network.isOpen(this, this.#peer)) this.#peer.receiveReset();
    });
  }

  #finish(reason: CloseReason): void {
    this.#closed = true;
    this.#kept = null;
    this.process.sockets.delete(this);
    this.#simulation.schedule(0, this.process, () => this.#handler?.onClose(reason));
  }

  /** Calls the process; what it throws ends this socket only. */
  #call(run: (handler: SocketHandler) => void): void {
    const handler = this.#handler;
    if (handler === null) return;
    const thrown = this.process.enter(() => {
      if (!this.#closed && !this.#ending) run(handler);
    });
    if (thrown !== null) this.abort();
  }
}
