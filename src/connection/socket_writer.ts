/**
 * What goes out on one socket, and when: control frames ahead of data, in few writes a turn.
 *
 * @module
 */

import { FrameKind, joinFrames, numberFrame } from "../core/wire/frame.ts";
import { recordBytes, type RecordSealer } from "../core/channel/record.ts";
import type { Heartbeat } from "../core/link/heartbeat.ts";
import type { Session } from "../core/session/session.ts";
import type { Socket } from "../runtime/runtime.ts";
import type { ConnectionContext } from "./context.ts";
import { TimerTask } from "./timer_task.ts";

/** A later one says all that an earlier one says. */
const NEWEST_COUNTS: ReadonlySet<number> = new Set([
  FrameKind.ACK,
  FrameKind.BEAT,
  FrameKind.PONG,
]);

/** The most writes in one turn, so that one peer that takes everything cannot starve the others. */
const WRITES_PER_TURN = 16;

/**
 * Once a turn has so many messages, then four times as many, and so on, they go out before it ends:
 * with one write a turn each end waits while the other one works. With 64 requests in flight that
 * is a third of the time (docs/performance.md, "What was tried").
 */
const EARLY_MESSAGES = 32;
const EARLY_GROWTH = 4;

/** The outgoing side of one connection. */
export class SocketWriter {
  /** The session that writes here; `null`: none, or it writes elsewhere. */
  session: Session | null = null;
  readonly #context: ConnectionContext;
  readonly #socket: Socket;
  readonly #heartbeat: Heartbeat;
  #control: Uint8Array[] = [];
  /** The end of the handshake, where the socket had no room for it. */
  #inClear: Uint8Array[] = [];
  /** What seals all that goes out; `null`: it goes in clear. */
  #sealer: RecordSealer | null = null;
  /** The socket holds what it was given: no write until it has drained. */
  #isFlushing = false;
  #blocked = false;
  #stopped = false;
  #scheduled = false;
  /** Messages of this turn, and how many make the next write before its end. */
  #count = 0;
  #early = 0;
  readonly #flushBound = () => {
    this.#scheduled = false;
    this.flush();
  };

  constructor(context: ConnectionContext, socket: Socket, heartbeat: Heartbeat) {
    this.#context = context;
    this.#socket = socket;
    this.#heartbeat = heartbeat;
  }

  /** Whether the socket still reads what it was given. */
  get isBlocked(): boolean {
    return this.#blocked;
  }

  /** Whether what is sent is sealed. */
  get isSealed(): boolean {
    return this.#sealer !== null;
  }

  /** What is sent from now on is sealed; what was sent before goes out as it is. */
  seal(sealer: RecordSealer): void {
    this.flush();
    this.#inClear = this.#control;
    this.#control = [];
    this.#sealer = sealer;
  }

  /**
   * Sends a control frame ahead of all data. Where one of a kind of which only the newest counts
   * waits already, it takes its place: so what waits is bounded, whatever the other end asks for.
   */
  control(frame: Uint8Array): void {
    if (this.#stopped) return;
    const kind = frame[0]!;
    const waiting = NEWEST_COUNTS.has(kind)
      ? this.#control.findIndex((other) => other[0] === kind)
      : -1;
    if (waiting >= 0) this.#control[waiting] = frame;
    else this.#control.push(frame);
    this.schedule();
  }

  /** A message waits: it is written when the turn has ended, one of many before that. */
  schedule(): void {
    if (this.#blocked || this.#stopped) return;
    if (!this.#scheduled) {
      this.#scheduled = true;
      this.#count = 1;
      this.#early = EARLY_MESSAGES;
      this.#context.runtime.clock.defer(this.#flushBound);
    } else if (++this.#count === this.#early) {
      this.#early *= EARLY_GROWTH;
      // Where more is open than what waits here, the other end has enough to do.
      const openCount = this.session?.places.openCount ?? 0;
      if (openCount <= 2 * this.#count) this.flush();
    }
  }

  /** Writes what waits, now. What is sent while it does goes with it. */
  flush(): void {
    if (this.#blocked || this.#stopped || this.#isFlushing) return;
    this.#isFlushing = true;
    try {
      this.#writeWaiting();
    } finally {
      this.#isFlushing = false;
    }
  }

  #writeWaiting(): void {
    if (this.#inClear.length > 0 && !this.#writeInClear()) return;
    if (this.session !== null) this.#acknowledge(this.session);
    if (this.#control.length > 0 && !this.#writeControl()) return;
    for (let writes = 0; writes < WRITES_PER_TURN; writes++) {
      const { session } = this;
      if (session === null) return;
      const range = session.nextRange();
      if (range === null) return;
      const taken = this.#write(range);
      // What was sealed is a copy: the log's own bytes are free.
      session.log.wrote(range.length, taken || this.#sealer !== null);
      if (!taken) return;
    }
    // The others get their turn first.
    this.#context.timers.add(new TimerTask(() => this.schedule()), 0);
  }

  /** The socket is done with what it was given. */
  handleDrain(): void {
    this.#blocked = false;
    this.session?.log.drained();
    this.flush();
  }

  /** The last frame of all, where the socket has room. */
  finish(frame: Uint8Array): void {
    if (this.#blocked || this.#stopped) return;
    if (this.#inClear.length > 0 && !this.#writeInClear()) return;
    this.#control.push(frame);
    this.#writeControl();
  }

  /** Nothing goes out any more. */
  stop(): void {
    this.#stopped = true;
    this.session = null;
    this.#control = [];
    this.#inClear = [];
  }

  /** What cannot wait goes with the data of this write; alone where there is none, or no room. */
  #acknowledge(session: Session): void {
    if (!session.ackIsUrgent) return;
    session.fill();
    if (!session.ackIsUrgent) return;
    this.#control.push(numberFrame(FrameKind.ACK, session.received));
    session.ackSent(session.received);
  }

  #writeControl(): boolean {
    const frames = this.#control;
    this.#control = [];
    return this.#write(joinFrames(frames));
  }

  #write(bytes: Uint8Array): boolean {
    this.#heartbeat.sentMs = this.#context.timers.nowMs();
    this.#context.traffic.sentBytes += bytes.length;
    this.#blocked = this.#sealer === null
      ? !this.#socket.write(bytes)
      : !this.#writeSealed(this.#sealer, bytes);
    return !this.#blocked;
  }

  #writeInClear(): boolean {
    const frames = this.#inClear;
    this.#inClear = [];
    this.#blocked = !this.#socket.write(joinFrames(frames));
    return !this.#blocked;
  }

  /** What was sealed goes out whole and in order: it is written at once, or the socket keeps it. */
  #writeSealed(sealer: RecordSealer, bytes: Uint8Array): boolean {
    const { channel } = this.#context;
    const room = channel.room(recordBytes(bytes.length));
    const taken = this.#socket.write(room.subarray(0, sealer.seal(bytes, room, 0)));
    if (!taken) channel.giveRoomAway();
    return taken;
  }
}
