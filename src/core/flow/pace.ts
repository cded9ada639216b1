/**
 * How far the pieces of large payloads may run ahead of their acknowledgements: what is on its way
 * stands before every small message that is written after it, in buffers that nobody can overtake.
 *
 * The bound follows the path, as BBR's does: twice what the path is known to hold, which is the
 * greatest rate of delivery of the last seconds times the shortest round trip. So it doubles with
 * each round trip until the path is full, and a small message waits for about one round trip more
 * than it would alone, on the shortest path for a fraction of a millisecond.
 *
 * Where the other end is busy, acknowledgements come in bursts, once a turn of its: as much as one
 * acknowledges beyond the rate is on its way besides, so that it never has to wait for more.
 *
 * The shortest round trip is forgotten after a while, as routes change. What is on its way is let
 * run down for one round trip then: the next ones are measured without this end's own queue.
 *
 * Pure: whoever writes and whoever hears of an acknowledgement says what time it is.
 *
 * @module
 */

/** The bound before anything is known, and the least: some pieces keep a near path busy. */
export const PACE_MIN_BYTES = 262_144;

/** While the round trip is measured anew: one piece at a time, which waits for no other. */
const MEASURING_BYTES = 65_536;

/** As many times what the path holds may be on its way. */
const GAIN = 2;

/** What one burst of acknowledgements may add, in bytes. */
const BURST_MAX_BYTES = 262_144;

/** A rate counts in the period in which it was seen, and in the next one: milliseconds. */
const RATE_PERIOD_MS = 1_000;

/** ... but for so many round trips at least. */
const RATE_ROUND_TRIPS = 4;

/** How long the shortest round trip is believed, in milliseconds. */
const ROUND_TRIP_PERIOD_MS = 10_000;

/** A piece that is not acknowledged. */
interface Piece {
  readonly number: number;
  readonly bytes: number;
  /** When it was written; `NaN`: on another connection. */
  readonly sentMs: number;
  /** What was acknowledged before it was written, in bytes, and when the last of it was. */
  readonly deliveredBytes: number;
  readonly deliveredMs: number;
}

/** The pace of one session's pieces. Times are monotonic milliseconds. */
export class Pace {
  /** Oldest first. */
  #pieces: Piece[] = [];
  /** What is not acknowledged, in bytes. */
  #flightBytes = 0;
  #deliveredBytes = 0;
  #deliveredMs = 0;
  /** The greatest rates of this period and of the one before, in bytes a millisecond. */
  #rate = 0;
  #rateBefore = 0;
  #rateSinceMs = -Infinity;
  /** The greatest bursts of the same periods, in bytes. */
  #burst = 0;
  #burstBefore = 0;
  /** What was acknowledged since then, faster than the rate. */
  #gatheredBytes = 0;
  #gatheredSinceMs = 0;
  #roundTripMs = Infinity;
  #roundTripSinceMs = 0;
  /** While what is on its way runs down: the last number before; else -1. */
  #lastBefore = -1;

  /** How much may be on its way, in bytes. */
  get windowBytes(): number {
    if (this.#lastBefore >= 0) return MEASURING_BYTES;
    if (this.#roundTripMs === Infinity) return PACE_MIN_BYTES;
    const rate = Math.max(this.#rate, this.#rateBefore);
    const burstBytes = Math.min(BURST_MAX_BYTES, Math.max(this.#burst, this.#burstBefore));
    return Math.max(PACE_MIN_BYTES, GAIN * (rate * this.#roundTripMs + burstBytes));
  }

  /** What is on its way, in bytes. */
  get flightBytes(): number {
    return this.#flightBytes;
  }

  /** Whether another piece may be written now. */
  get isOpen(): boolean {
    return this.#flightBytes < this.windowBytes;
  }

  /** A piece was written in the frame with this number. */
  wrote(number: number, bytes: number, nowMs: number): void {
    // After a pause the time in which nothing was delivered says nothing about the path.
    const deliveredMs = this.#pieces.length === 0 ? nowMs : this.#deliveredMs;
    this.#deliveredMs = deliveredMs;
    const deliveredBytes = this.#deliveredBytes;
    this.#pieces.push({ number, bytes, sentMs: nowMs, deliveredBytes, deliveredMs });
    this.#flightBytes += bytes;
  }

  /** The other end has everything up to this number. */
  acknowledged(number: number, nowMs: number): void {
    const beforeBytes = this.#deliveredBytes;
    let count = 0;
    for (const piece of this.#pieces) {
      if (piece.number > number) break;
      this.#flightBytes -= piece.bytes;
      this.#deliveredBytes += piece.bytes;
      count++;
    }
    if (count === 0) return;
    this.#deliveredMs = nowMs;
    const newest = this.#pieces[count - 1]!;
    this.#pieces.splice(0, count);
    if (Number.isNaN(newest.sentMs)) return;
    this.#learn(newest, nowMs);
    this.#learnBurst(this.#deliveredBytes - beforeBytes, nowMs);
  }

  /** Another connection carries the session: what was learnt was learnt of another path. */
  restart(): void {
    this.#pieces = this.#pieces.map((piece) => ({ ...piece, sentMs: NaN }));
    this.#rate = this.#rateBefore = 0;
    this.#burst = this.#burstBefore = 0;
    this.#roundTripMs = Infinity;
    this.#lastBefore = -1;
  }

  #learn({ number, sentMs, deliveredBytes, deliveredMs }: Piece, nowMs: number): void {
    this.#learnRoundTrip(number, nowMs - sentMs, nowMs);
    const tookMs = nowMs - deliveredMs;
    if (tookMs <= 0) return;
    const periodMs = Math.max(RATE_PERIOD_MS, RATE_ROUND_TRIPS * this.#roundTripMs);
    if (nowMs - this.#rateSinceMs >= periodMs) {
      this.#rateBefore = this.#rate;
      this.#rate = 0;
      this.#burstBefore = this.#burst;
      this.#burst = 0;
      this.#rateSinceMs = nowMs;
    }
    this.#rate = Math.max(this.#rate, (this.#deliveredBytes - deliveredBytes) / tookMs);
  }

  #learnBurst(bytes: number, nowMs: number): void {
    const rate = Math.max(this.#rate, this.#rateBefore);
    let expectedBytes = rate * (nowMs - this.#gatheredSinceMs);
    if (this.#gatheredBytes <= expectedBytes) {
      this.#gatheredBytes = expectedBytes = 0;
      this.#gatheredSinceMs = nowMs;
    }
    this.#gatheredBytes += bytes;
    // One piece is no burst.
    const burstBytes = this.#gatheredBytes - expectedBytes - MEASURING_BYTES;
    this.#burst = Math.max(this.#burst, burstBytes);
  }

  #learnRoundTrip(number: number, tookMs: number, nowMs: number): void {
    if (this.#lastBefore >= 0) {
      // Those before may have waited in a queue of this end's making.
      if (number <= this.#lastBefore) return;
      this.#lastBefore = -1;
      this.#roundTripMs = Infinity;
    }
    if (tookMs <= this.#roundTripMs) {
      this.#roundTripMs = tookMs;
      this.#roundTripSinceMs = nowMs;
    } else if (nowMs - this.#roundTripSinceMs >= ROUND_TRIP_PERIOD_MS) {
      this.#lastBefore = this.#pieces.at(-1)?.number ?? number;
    }
  }
}
