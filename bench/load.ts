/**
 * The load: so many requests in flight, for so long, each answer checked and timed. The same
 * program drives the bare echo and freshlink.
 *
 * @module
 */

import type { Seen } from "./seen.ts";

/** What carries the requests. */
export type Carrier =
  /** The bare echo. */
  | "bare"
  /** The same with what any API like this needs: a promise a request, and a copy of its answer. */
  | "floor"
  /** The floor with JSON: both ends parse what comes and write what goes. */
  | "floor-json"
  /** An endpoint with one of the codecs. */
  | "bytes"
  | "json"
  /** An endpoint as a user calls it: an async handler that reads its signal, options each time. */
  | "user"
  /** An endpoint with one of the codecs, whose calls are looked at in one of these ways. */
  | Seen
  /** An endpoint, over links to all of its peers in turns. */
  | "links"
  /** A client, which keeps nothing of what it has written. */
  | "client"
  /** An endpoint; the handler answers one in ten 5 ms later. */
  | "late"
  /** An endpoint's notifications; "answered" is one that has its number. */
  | "notify";

/** How much, and for how long. */
export interface LoadOptions {
  /** Requests that are open at any time. */
  readonly inFlight: number;
  /** The size of each payload and answer, in bytes: at least 32, a multiple of 4. */
  readonly payload: number;
  /** No new requests after so many milliseconds ... */
  readonly durationMs: number;
  /** ... nor after so many requests. */
  readonly maxCount: number;
  /** Over so many connections in turns; of the bare echo, links and clients. Default: 1. */
  readonly connections?: number;
}

/** What came of it. Durations are in milliseconds. */
export interface Measurement {
  /** Requests sent: the sum of the next three. */
  readonly sent: number;
  /** Answered with what was sent. */
  readonly ok: number;
  /** Answered with anything else. */
  readonly wrong: number;
  /** Not answered, or with an error. */
  readonly failed: number;
  /** From the first request to the last answer. */
  readonly elapsedMs: number;
  /** The latency that half of the requests stayed below. */
  readonly p50Ms: number;
  /** The latency that 99 of 100 requests stayed below. */
  readonly p99Ms: number;
  /** The latency that 999 of 1,000 requests stayed below. */
  readonly p999Ms: number;
  /** The sum of all numbers that were read out of payloads, modulo 2^32. */
  readonly hash: number;
}

/** Sends the request `number` of a slot; `Load.answered` or `Load.failed` follows once. */
export interface Sender {
  send(slot: number, number: number): void;
}

/** How long after the last request answers are waited for, in milliseconds. */
export const LATE_MS = 10_000;

/** Latencies kept of one measurement: the latest ones. A power of two. */
const SAMPLES = 65_536;

/**
 * Of many slots only so many are timed: a look at the clock for each request would be a fifth of
 * what a Deno process does here, and no part of what is measured.
 */
const TIMED_SLOTS = 16;

/** Keeps requests in flight, one in each slot. */
export class Load {
  readonly #options: LoadOptions;
  readonly #numbers: Uint32Array;
  readonly #startedAt: Float64Array;
  readonly #samples: Float64Array;
  readonly #done = Promise.withResolvers<void>();
  #sender!: Sender;
  /** Every slot whose number has none of these bits is timed. */
  readonly #untimed: number;
  /** The clock when it was last looked at. */
  #nowMs = 0;
  #timed = 0;
  #sent = 0;
  #ok = 0;
  #wrong = 0;
  #failed = 0;
  #endsAt = 0;
  #hash = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#untimed = Math.max(1, ceilPowerOfTwo(options.inFlight / TIMED_SLOTS)) - 1;
    this.#numbers = new Uint32Array(options.inFlight);
    this.#startedAt = new Float64Array(options.inFlight);
    this.#samples = new Float64Array(Math.min(SAMPLES, ceilPowerOfTwo(options.maxCount)));
  }

  async run(sender: Sender): Promise<Measurement> {
    const { inFlight, durationMs } = this.#options;
    this.#sender = sender;
    const startedAt = performance.now();
    this.#endsAt = startedAt + durationMs;
    const lateTimer = setTimeout(() => this.#done.resolve(), durationMs + LATE_MS);
    this.#nowMs = startedAt;
    for (let slot = 0; slot < inFlight; slot++) this.#next(slot);
    await this.#done.promise;
    const elapsedMs = performance.now() - startedAt;
    clearTimeout(lateTimer);
    const samples = this.#samples.subarray(0, this.#timed).sort();
    const quantile = (part: number) => samples[Math.floor((samples.length - 1) * part)] ?? 0;
    const sent = this.#sent;
    return {
      sent,
      ok: this.#ok,
      wrong: this.#wrong,
      failed: sent - this.#ok - this.#wrong,
      elapsedMs,
      p50Ms: quantile(0.5),
      p99Ms: quantile(0.99),
      p999Ms: quantile(0.999),
      hash: this.#hash,
    };
  }

  /** An answer has come, with this number in it. */
  answered(slot: number, number: number): void {
    const isTimed = (slot & this.#untimed) === 0;
    if (isTimed) this.#nowMs = performance.now();
    if (number === this.#numbers[slot]) {
      if (isTimed) {
        const at = this.#timed++ & (this.#samples.length - 1);
        this.#samples[at] = this.#nowMs - this.#startedAt[slot]!;
      }
      this.#ok++;
      this.#hash = (this.#hash + number) >>> 0;
    } else this.#wrong++;
    this.#next(slot);
  }

  /** There is no answer. */
  failed(slot: number): void {
    this.#failed++;
    this.#nowMs = performance.now();
    this.#next(slot);
  }

  #next(slot: number): void {
    if (this.#nowMs >= this.#endsAt || this.#sent >= this.#options.maxCount) {
      if (this.#ok + this.#wrong + this.#failed === this.#sent) this.#done.resolve();
      return;
    }
    const number = this.#sent++;
    this.#numbers[slot] = number;
    this.#startedAt[slot] = this.#nowMs;
    this.#sender.send(slot, number);
  }
}

function ceilPowerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(value));
}
