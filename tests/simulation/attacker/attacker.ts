/**
 * Somebody on the path between simulated processes, who knows no secret: all bytes pass through his
 * hands before they are read. What he does to a chunk is drawn from the seed and counted.
 */

import { encodeRefuse } from "../../../src/core/channel/handshake.ts";
import { emptyFrame, FrameKind, numberFrame } from "../../../src/core/wire/frame.ts";
import type {
  CloseReason,
  Runtime,
  Socket,
  SocketHandler,
  TcpAddress,
} from "../../../src/runtime/runtime.ts";
import type { SeededRandom, Simulation } from "../../../src/simulator/mod.ts";
import { changedRuntime, wrappedRuntime } from "../../support/changed_runtime.ts";

/** What he can do. */
export const ATTACKS = [
  "flip",
  "cut",
  "drop",
  "replay",
  "reflect",
  "reorder",
  "inject",
  "splice",
  "relay",
] as const;

export type Attack = typeof ATTACKS[number];

/** So many chunks are kept of all that passes, for replay and splice. */
const KEPT_MAX = 64;
const HELD_MAX_MS = 30;

/** What he says in the name of others; as frames, and as records that would hold them. */
const FORGED: readonly Uint8Array[] = [
  encodeRefuse("displaced", "another process has taken this name"),
  encodeRefuse("duplicate", "a living process has this name"),
  encodeRefuse("closing", ""),
  numberFrame(FrameKind.USE, 1_000),
  numberFrame(FrameKind.USEACK, 1_000),
  numberFrame(FrameKind.ACK, 1),
  emptyFrame(FrameKind.DRAIN),
  // A REQUEST of the service with the number 1, without a payload.
  Uint8Array.from([0x20, 0, 0, 16, ...new Uint8Array(7), 9, 0, 0, 19, 136, 0, 1, 0, 0]),
  // Records: too short, and with a tag of nothing.
  Uint8Array.of(0, 0),
  Uint8Array.from([0, 24, ...new Uint8Array(24)]),
];

/** The attacker. */
export class Attacker {
  /** How often he did what. */
  readonly attempts: Record<string, number> = {};
  /** How likely he does something to a chunk. */
  chance = 0;
  readonly #simulation: Simulation;
  readonly #random: SeededRandom;
  readonly #kept: Uint8Array[] = [];
  /** Where else a dial can be led. */
  readonly #addresses: readonly TcpAddress[];

  constructor(simulation: Simulation, addresses: readonly TcpAddress[]) {
    this.#simulation = simulation;
    this.#random = simulation.random;
    this.#addresses = addresses;
  }

  /** A runtime whose sockets all pass through his hands. */
  runtime(process: Runtime): Runtime {
    const wrapped = wrappedRuntime(process, (socket, handle) => {
      const attacked = new AttackedSocket(socket, this);
      return attacked.handledBy(handle(attacked));
    });
    return changedRuntime(wrapped, {
      connect: (address, options, handler) =>
        wrapped.connect(this.#led(address as TcpAddress), options, handler),
    });
  }

  /** What he does to the next chunk; `null`: nothing. */
  draw(): Attack | null {
    if (!this.#random.chance(this.chance)) return null;
    const attack = this.#random.pick(ATTACKS.filter((one) => one !== "relay"));
    this.#count(attack);
    return attack;
  }

  /** Lets something happen after the longest time for which he holds bytes back. */
  later(run: () => void): void {
    this.#simulation.after(HELD_MAX_MS, run);
  }

  /** Keeps a copy of what passed. */
  keep(bytes: Uint8Array): void {
    if (this.#kept.length < KEPT_MAX) this.#kept.push(bytes);
    else this.#kept[this.#random.below(KEPT_MAX)] = bytes;
  }

  /** Something that passed before, on any connection and in any direction. */
  another(): Uint8Array {
    return this.#kept.length === 0 ? new Uint8Array(1) : this.#random.pick(this.#kept);
  }

  /** Something of his own. */
  forged(): Uint8Array {
    if (this.#random.chance(0.8)) return this.#random.pick(FORGED);
    return this.#random.bytes(1 + this.#random.below(100));
  }

  /** One byte is another one. */
  flipped(bytes: Uint8Array): Uint8Array {
    const changed = bytes.slice();
    changed[this.#random.below(changed.length)]! ^= 1 << this.#random.below(8);
    return changed;
  }

  /** A piece is missing: at the beginning, in the middle or at the end. */
  cut(bytes: Uint8Array): Uint8Array {
    const start = this.#random.below(bytes.length);
    const end = start + 1 + this.#random.below(bytes.length - start);
    return joined(bytes.subarray(0, start), bytes.subarray(end));
  }

  /** Both, with the second one somewhere in the first. */
  spliced(bytes: Uint8Array, other: Uint8Array): Uint8Array {
    const at = this.#random.below(bytes.length + 1);
    return joined(bytes.subarray(0, at), other, bytes.subarray(at));
  }

  /** A dial is led to another victim, or back to whoever dials. */
  #led(address: TcpAddress): TcpAddress {
    if (!this.#random.chance(this.chance)) return address;
    this.#count("relay");
    return this.#random.pick(this.#addresses);
  }

  #count(attack: Attack): void {
    this.attempts[attack] = (this.attempts[attack] ?? 0) + 1;
  }
}

/** A socket whose incoming bytes are changed. */
class AttackedSocket implements Socket {
  readonly #socket: Socket;
  readonly #attacker: Attacker;
  #handler: SocketHandler | null = null;
  /** What this end has written last. */
  #written: Uint8Array | null = null;
  /** What arrives after the next chunk. */
  #held: Uint8Array | null = null;

  constructor(socket: Socket, attacker: Attacker) {
    this.#socket = socket;
    this.#attacker = attacker;
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

  handledBy(handler: SocketHandler): SocketHandler {
    this.#handler = handler;
    return {
      onData: (chunk) => this.#attack(chunk),
      onDrain: () => handler.onDrain(),
      onClose: (reason: CloseReason) => {
        this.#handler = null;
        handler.onClose(reason);
      },
    };
  }

  write(bytes: Uint8Array): boolean {
    this.#written = bytes.slice(0, 4_096);
    return this.#socket.write(bytes);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    this.#handler = null;
    this.#socket.close();
  }

  abort(): void {
    this.#handler = null;
    this.#socket.abort();
  }

  #deliver(bytes: Uint8Array): void {
    if (bytes.length > 0) this.#handler?.onData(bytes);
  }

  #attack(chunk: Uint8Array): void {
    const attacker = this.#attacker;
    const held = this.#held;
    this.#held = null;
    const bytes = chunk.slice();
    attacker.keep(bytes.slice(0, 4_096));
    switch (attacker.draw()) {
      case "flip":
        this.#deliver(attacker.flipped(bytes));
        break;
      case "cut":
        this.#deliver(attacker.cut(bytes));
        break;
      case "drop":
        break;
      case "replay":
        this.#deliver(joined(bytes, bytes));
        break;
      case "reflect":
        this.#deliver(attacker.spliced(bytes, this.#written ?? bytes));
        break;
      case "inject":
        this.#deliver(attacker.spliced(bytes, attacker.forged()));
        break;
      case "splice":
        this.#deliver(attacker.another());
        break;
      case "reorder":
        this.#held = bytes;
        attacker.later(() => {
          if (this.#held !== bytes) return;
          this.#held = null;
          this.#deliver(bytes);
        });
        break;
      default:
        this.#deliver(bytes);
    }
    if (held !== null) this.#deliver(held);
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
