/**
 * Failure detection of one connection: when to beat, when to suspect, when to give up.
 *
 * | since | for | then |
 * | --- | --- | --- |
 * | the last byte sent | `heartbeatIntervalMs` | beat, so that the other end hears something |
 * | the last byte received | `suspectAfterMs` while requests wait, or half of `deadAfterMs` | suspect: a second path is tried beside this one |
 * | the last byte received | `deadAfterMs` | dead |
 *
 * `deadAfterMs` is longer here where the other end beats more slowly than this one.
 *
 * It is asked every `checkIntervalMs`, so a verdict falls at most that much late. Whether this
 * process itself had stalled is not known here: the timers see to it that sockets are read first.
 *
 * Source: docs/protocol.md, "Failure detection".
 *
 * @module
 */

/** What a check found. */
export type HeartbeatVerdict =
  | "fine"
  /** A beat is due. */
  | "beat"
  /** Somebody waits, and it is time to ask the peer whether it lives. */
  | "ask"
  /** Nothing was heard for long, and nothing came of asking. */
  | "suspect"
  | "dead";

/** The durations, in milliseconds. */
export interface HeartbeatOptions {
  readonly heartbeatIntervalMs: number;
  readonly deadAfterMs: number;
  readonly suspectAfterMs: number;
}

/** So many beats of a slower peer, at most, must be missing before it is dead. */
const BEATS_MAX = 3;

/** How often round trips are measured on a connection, in heartbeat intervals. */
const PING_EVERY = 10;

/** How often connections are checked, in milliseconds: a quarter of the shortest duration. */
export function checkIntervalMs(options: HeartbeatOptions): number {
  const { heartbeatIntervalMs, deadAfterMs, suspectAfterMs } = options;
  return Math.max(1, Math.min(heartbeatIntervalMs, deadAfterMs / 2, suspectAfterMs) / 4);
}

/** The heartbeat of one connection. Times are monotonic milliseconds. */
export class Heartbeat {
  readonly #options: HeartbeatOptions;
  /** Longer than the options say where the other end beats more slowly than this one. */
  #deadAfterMs: number;
  /** When a byte last came. Written by the driver at every chunk. */
  receivedMs: number;
  /** When a byte last went out. Written by the driver at every write. */
  sentMs: number;
  #suspected = false;
  #asked = false;
  #pingedMs = -Infinity;
  #pingNonce = 0;
  #roundTripMs: number | null = null;

  constructor(options: HeartbeatOptions, nowMs: number) {
    this.#options = options;
    this.#deadAfterMs = options.deadAfterMs;
    this.receivedMs = nowMs;
    this.sentMs = nowMs;
  }

  /** The last measured round trip in milliseconds; `null` before the first. */
  get roundTripMs(): number | null {
    return this.#roundTripMs;
  }

  /**
   * The other end has told how long it may be silent. One that beats more slowly than this end is
   * allowed as many missing beats as this end allows itself, at most three.
   */
  handleRemoteInterval(remoteIntervalMs: number): void {
    const { heartbeatIntervalMs, deadAfterMs } = this.#options;
    if (remoteIntervalMs <= heartbeatIntervalMs) return;
    const beats = Math.min(deadAfterMs / heartbeatIntervalMs, BEATS_MAX);
    this.#deadAfterMs = Math.max(deadAfterMs, remoteIntervalMs * beats);
  }

  /** How long nothing has come, in milliseconds. */
  silenceMs(nowMs: number): number {
    return nowMs - this.receivedMs;
  }

  /**
   * What is to be done now. A suspicion is told once for each silence. Before it the peer is asked,
   * where somebody waits: a handler that takes its time is no reason to doubt the path.
   *
   * @param waiting Whether somebody waits for an answer on this connection.
   */
  check(nowMs: number, waiting: boolean): HeartbeatVerdict {
    const { heartbeatIntervalMs, suspectAfterMs } = this.#options;
    const deadAfterMs = this.#deadAfterMs;
    const silence = this.silenceMs(nowMs);
    if (silence >= deadAfterMs) return "dead";
    const bound = waiting ? Math.min(suspectAfterMs, deadAfterMs / 2) : deadAfterMs / 2;
    if (silence < bound / 2) this.#asked = false;
    if (waiting && silence >= bound / 2 && !this.#asked) {
      this.#asked = true;
      return "ask";
    }
    if (silence < bound) this.#suspected = false;
    else if (!this.#suspected) {
      this.#suspected = true;
      return "suspect";
    }
    return nowMs - this.sentMs >= heartbeatIntervalMs ? "beat" : "fine";
  }

  /** Whether a round trip should be measured now. */
  wantsPing(nowMs: number): boolean {
    return nowMs - this.#pingedMs >= PING_EVERY * this.#options.heartbeatIntervalMs;
  }

  /** A ping goes out. */
  handlePing(nonce: number, nowMs: number): void {
    this.#pingNonce = nonce;
    this.#pingedMs = nowMs;
  }

  /** A pong came. */
  handlePong(nonce: number, nowMs: number): void {
    if (nonce === this.#pingNonce) this.#roundTripMs = nowMs - this.#pingedMs;
  }
}
