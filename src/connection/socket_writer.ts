/**
 * What goes out on one socket, and when: control frames ahead of data, in few writes a turn.
 *
 * @module
 */

import { FrameKind, joinFrames, numberFrame } from "../core/wire/frame.ts";
import type { Heartbeat } from "../core/link/heartbeat.ts";
import type { SendQueue } from "../core/flow/send_queue.ts";
import type { Session } from "../core/session/session.ts";
import type { Socket } from "../runtime/runtime.ts";
import type { OutgoingMessage } from "./connection_owner.ts";
import type { ConnectionContext } from "./context.ts";
import { TimerTask } from "./timer_task.ts";

/** The most writes in one turn, so that one peer that takes everything cannot starve the others. */
const WRITES_PER_TURN = 16;

/**
 * Once a turn has so many messages, then four times as many, and so on, they go out before it ends:
 * with one write a turn each end waits while the other one works. With 64 requests in flight that
 * is a third of the time (docs/performance.md, "What was tried").
 */
const EARLY_MESSAGES = 32;
const EARLY_GROWTH = 4;

/** Whence an outlet takes what waits for its session. */
export interface SocketWriterSource {
  readonly outgoing: SendQueue<OutgoingMessage>;
}

/** The outgoing side of one connection. */
export class SocketWriter {
  /** The session that writes here; `null`: none, or it writes elsewhere. */
  session: Session | null = null;
  readonly #context: ConnectionContext;
  readonly #socket: Socket;
  readonly #heartbeat: Heartbeat;
  readonly #source: SocketWriterSource;
  #control: Uint8Array[] = [];
  /** The socket holds what it was given: no write until it has drained. */
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

  constructor(
    context: ConnectionContext,
    socket: Socket,
    heartbeat: Heartbeat,
    source: SocketWriterSource,
  ) {
    this.#context = context;
    this.#socket = socket;
    this.#heartbeat = heartbeat;
    this.#source = source;
  }

  /** Whether the socket still reads what it was given. */
  get isBlocked(): boolean {
    return this.#blocked;
  }

  /** Sends a control frame ahead of all data. */
  control(frame: Uint8Array): void {
    if (this.#stopped) return;
    this.#control.push(frame);
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
      const openCount = this.session?.tracker.openCount ?? 0;
      if (openCount <= 2 * this.#count) this.flush();
    }
  }

  /** Writes what waits, now. */
  flush(): void {
    if (this.#blocked || this.#stopped) return;
    if (this.session !== null) this.#acknowledge(this.session);
    if (this.#control.length > 0 && !this.#writeControl()) return;
    for (let writes = 0; writes < WRITES_PER_TURN; writes++) {
      const { session } = this;
      if (session === null) return;
      const range = session.nextRange(this.#source.outgoing);
      if (range === null) return;
      const taken = this.#write(range);
      session.log.wrote(range.length, taken);
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
    this.#control.push(frame);
    this.#writeControl();
  }

  /** Nothing goes out any more. */
  stop(): void {
    this.#stopped = true;
    this.session = null;
    this.#control = [];
  }

  /** What cannot wait goes with the data of this write; alone where there is none, or no room. */
  #acknowledge(session: Session): void {
    if (!session.ackIsUrgent) return;
    session.fill(this.#source.outgoing);
    if (!session.ackIsUrgent) return;
    this.#control.push(numberFrame(FrameKind.ACK, session.ackNumber));
    session.ackSent(session.ackNumber);
  }

  #writeControl(): boolean {
    const frames = this.#control;
    this.#control = [];
    return this.#write(joinFrames(frames));
  }

  #write(bytes: Uint8Array): boolean {
    this.#heartbeat.sentMs = this.#context.timers.nowMs();
    this.#blocked = !this.#socket.write(bytes);
    return !this.#blocked;
  }
}
