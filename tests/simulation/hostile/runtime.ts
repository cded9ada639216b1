/**
 * The runtime of a hostile end: an honest endpoint runs on it, and what it writes is changed on the
 * way. The handshake goes through as it is: whoever is here knows the secret. What it adds, and its
 * deafness, begin with its session.
 */

import { FrameKind } from "../../../src/core/wire/frame.ts";
import type { CloseReason, Runtime, Socket, SocketHandler } from "../../../src/runtime/runtime.ts";
import type { SeededRandom } from "../../../src/simulator/mod.ts";
import { wrappedRuntime } from "../../support/changed_runtime.ts";
import { ChangedFrame, FrameCutter } from "./frames.ts";
import type { Habit } from "./habits.ts";

const ADD_GAP_MS = 50;
/** It waits for nobody, but has only so much memory itself, in frames. */
const QUEUE_MAX = 2_000;
const TRICKLE_GAP_MS = 2;
/** So often it does all that; what is connected later ends at once. Thousands show nothing more. */
const CONNECTIONS_MAX = 400;
const TRICKLE_BYTES = 5;

/** A runtime with some habits. */
export function hostileRuntime(
  process: Runtime,
  habits: readonly Habit[],
  random: SeededRandom,
): Runtime {
  let count = 0;
  return wrappedRuntime(process, (socket, handle) => {
    const hostile = new HostileSocket(socket, process, habits, random);
    const handler = hostile.handledBy(handle(hostile));
    if (++count > CONNECTIONS_MAX) process.clock.setTimer(0, () => hostile.abort());
    return handler;
  });
}

/** A socket whose frames are changed. */
class HostileSocket implements Socket {
  readonly #socket: Socket;
  readonly #process: Runtime;
  readonly #habits: readonly Habit[];
  readonly #random: SeededRandom;
  readonly #written = new FrameCutter();
  readonly #read = new FrameCutter();
  readonly #queue: ChangedFrame[] = [];
  #isBlocked = false;
  #isClosed = false;
  /** Its session has begun: START is written. */
  #isOpen = false;

  constructor(
    socket: Socket,
    process: Runtime,
    habits: readonly Habit[],
    random: SeededRandom,
  ) {
    this.#socket = socket;
    this.#process = process;
    this.#habits = habits;
    this.#random = random;
  }

  get remoteAddress(): Socket["remoteAddress"] {
    return this.#socket.remoteAddress;
  }

  get localAddress(): Socket["localAddress"] {
    return this.#socket.localAddress;
  }

  get descriptor(): null {
    return null;
  }

  get peerCertificate(): null {
    return null;
  }

  /** What the honest half gets to see. */
  handledBy(handler: SocketHandler): SocketHandler {
    return {
      onData: (chunk) => {
        if (this.#isOpen && this.#habits.some(({ isDeaf }) => isDeaf === true)) return;
        // Acknowledgements count what an honest end would have written.
        for (const one of this.#read.push(chunk)) {
          if (one[0] !== FrameKind.ACK) handler.onData(one);
        }
      },
      onDrain: () => {
        this.#isBlocked = false;
        this.#pump();
      },
      onClose: (reason: CloseReason) => {
        this.#isClosed = true;
        handler.onClose(reason);
      },
    };
  }

  write(bytes: Uint8Array): boolean {
    for (const one of this.#written.push(bytes)) this.#change(new ChangedFrame(one));
    this.#pump();
    return true;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#isClosed = true;
    this.#socket.close();
  }

  abort(): void {
    this.#isClosed = true;
    this.#socket.abort();
  }

  #change(one: ChangedFrame): void {
    if (one.kind < FrameKind.USE) {
      this.#queue.push(one);
      return;
    }
    if (one.kind === FrameKind.START && !this.#isOpen) {
      this.#isOpen = true;
      this.#process.clock.setTimer(0, () => this.#addMore());
    }
    let frames: readonly ChangedFrame[] = [one];
    for (const { write } of this.#habits) {
      if (write !== undefined) frames = frames.flatMap((frame) => write(frame, this.#random));
    }
    this.#queue.push(...frames);
  }

  #addMore(): void {
    if (this.#isClosed) return;
    if (this.#queue.length < QUEUE_MAX) {
      for (const { add } of this.#habits) {
        if (add === undefined) continue;
        for (const one of add(this.#random)) this.#queue.push(new ChangedFrame(one));
      }
    }
    this.#pump();
    this.#process.clock.setTimer(ADD_GAP_MS, () => this.#addMore());
  }

  #pump(): void {
    const isSlow = this.#isOpen && this.#habits.some(({ trickles }) => trickles === true);
    while (!this.#isBlocked && !this.#isClosed && this.#queue.length > 0) {
      const next = isSlow ? this.#some() : joined(this.#queue.splice(0));
      if (!this.#socket.write(next)) {
        this.#isBlocked = true;
        return;
      }
      if (!isSlow) continue;
      this.#isBlocked = true;
      this.#process.clock.setTimer(TRICKLE_GAP_MS, () => {
        this.#isBlocked = false;
        this.#pump();
      });
    }
  }

  /** A few bytes of what waits. */
  #some(): Uint8Array {
    const next = joined([this.#queue.shift()!]);
    if (next.length > TRICKLE_BYTES) {
      this.#queue.unshift(new ChangedFrame(next.subarray(TRICKLE_BYTES)));
    }
    return next.slice(0, TRICKLE_BYTES);
  }
}

function joined(frames: readonly ChangedFrame[]): Uint8Array {
  const all = new Uint8Array(frames.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const frame of frames) {
    frame.copyTo(all, at);
    at += frame.length;
  }
  return all;
}
