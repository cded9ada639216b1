/**
 * The load: so many requests in flight, for so long, each answer checked and timed. The same
 * program drives the bare echo and freshlink.
 *
 * @module
 */

import type { Client, Endpoint } from "../mod.ts";
import type { CopyBytes } from "../src/runtime/runtime.ts";
import { type EchoClient, readUint32, writeUint32 } from "./echo.ts";

/** What carries the requests. */
export type Carrier =
  /** The bare echo. */
  | "bare"
  /** The same with what any API of promises needs: one for each request, and a copy of its answer. */
  | "promises"
  /** An endpoint with one of the codecs. */
  | "bytes"
  | "json"
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
  /** Over so many connections in turns; of the bare echo and of clients. Default: 1. */
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
  /** The sum of all numbers that were read out of payloads, modulo 2^32. */
  readonly hash: number;
}

/** Sends the request `number` of a slot; `Load.answered` or `Load.failed` follows once. */
export interface SendScheduler {
  send(slot: number, number: number): void;
}

/** How long after the last request answers are waited for, in milliseconds. */
const LATE_MS = 10_000;

/** Latencies kept of one measurement: the latest ones. A power of two. */
const SAMPLES = 65_536;

/** Keeps requests in flight, one in each slot. */
export class Load {
  readonly #options: LoadOptions;
  readonly #numbers: Uint32Array;
  readonly #startedAt: Float64Array;
  readonly #samples: Float64Array;
  readonly #done = Promise.withResolvers<void>();
  #sender!: SendScheduler;
  #sent = 0;
  #ok = 0;
  #wrong = 0;
  #failed = 0;
  #endsAt = 0;
  #hash = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#numbers = new Uint32Array(options.inFlight);
    this.#startedAt = new Float64Array(options.inFlight);
    this.#samples = new Float64Array(Math.min(SAMPLES, ceilPowerOfTwo(options.maxCount)));
  }

  async run(sender: SendScheduler): Promise<Measurement> {
    const { inFlight, durationMs } = this.#options;
    this.#sender = sender;
    const startedAt = performance.now();
    this.#endsAt = startedAt + durationMs;
    const lateTimer = setTimeout(() => this.#done.resolve(), durationMs + LATE_MS);
    for (let slot = 0; slot < inFlight; slot++) this.#next(slot, performance.now());
    await this.#done.promise;
    const elapsedMs = performance.now() - startedAt;
    clearTimeout(lateTimer);
    const samples = this.#samples.subarray(0, this.#ok).sort();
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
      hash: this.#hash,
    };
  }

  /** An answer has come, with this number in it. */
  answered(slot: number, number: number): void {
    const nowMs = performance.now();
    if (number === this.#numbers[slot]) {
      this.#samples[this.#ok & (this.#samples.length - 1)] = nowMs - this.#startedAt[slot]!;
      this.#ok++;
      this.#hash = (this.#hash + number) >>> 0;
    } else this.#wrong++;
    this.#next(slot, nowMs);
  }

  /** There is no answer. */
  failed(slot: number): void {
    this.#failed++;
    this.#next(slot, performance.now());
  }

  #next(slot: number, nowMs: number): void {
    if (nowMs >= this.#endsAt || this.#sent >= this.#options.maxCount) {
      if (this.#ok + this.#wrong + this.#failed === this.#sent) this.#done.resolve();
      return;
    }
    const number = this.#sent++;
    this.#numbers[slot] = number;
    this.#startedAt[slot] = nowMs;
    this.#sender.send(slot, number);
  }
}

function ceilPowerOfTwo(value: number): number {
  return 2 ** Math.ceil(Math.log2(value));
}

/** Sends over several connections in turns. */
export function spread(senders: readonly SendScheduler[]): SendScheduler {
  const [only] = senders;
  if (senders.length === 1) return only!;
  return { send: (slot, number) => senders[slot % senders.length]!.send(slot, number) };
}

/** The bare echo: answers come in the order of the requests. */
export function bareSender(client: EchoClient, load: Load, options: LoadOptions): SendScheduler {
  const { inFlight, payload } = options;
  const payloads = newPayloads(options);
  const order = new Uint32Array(inFlight);
  let head = 0;
  let tail = 0;
  client.onFrame = (bytes, start, end) => {
    const slot = order[head]!;
    head = head + 1 === inFlight ? 0 : head + 1;
    load.answered(slot, readNumber(bytes, start, end, payload));
  };
  return {
    send(slot, number) {
      order[tail] = slot;
      tail = tail + 1 === inFlight ? 0 : tail + 1;
      const bytes = payloads[slot]!;
      writeNumber(bytes, number);
      client.send(bytes);
    },
  };
}

/** The bare echo behind promises: what freshlink would cost if it did nothing. */
export function promisesSender(
  client: EchoClient,
  copy: CopyBytes,
  load: Load,
  options: LoadOptions,
): SendScheduler {
  const { inFlight } = options;
  const order: ((answer: Uint8Array) => void)[] = new Array(inFlight);
  let head = 0;
  let tail = 0;
  client.onFrame = (bytes, start, end) => {
    const resolve = order[head]!;
    head = head + 1 === inFlight ? 0 : head + 1;
    resolve(copy(bytes, start, end));
  };
  const request: BytesRequest = (payload) =>
    new Promise((resolve) => {
      order[tail] = resolve;
      tail = tail + 1 === inFlight ? 0 : tail + 1;
      client.send(payload);
    });
  return callSender(request, load, options);
}

/** How freshlink is called for bytes as they are. */
type BytesRequest = (
  payload: Uint8Array,
  options: { readonly codec: "bytes"; readonly timeoutMs: number },
) => Promise<Uint8Array>;

/** An endpoint, bytes as they are. */
export function bytesSender(
  endpoint: Endpoint,
  peer: string,
  load: Load,
  options: LoadOptions,
): SendScheduler {
  return callSender((...call) => endpoint.request(peer, "echo-bytes", ...call), load, options);
}

/** An endpoint whose handler answers some requests later. */
export function lateSender(
  endpoint: Endpoint,
  peer: string,
  load: Load,
  options: LoadOptions,
): SendScheduler {
  return callSender((...call) => endpoint.request(peer, "echo-late", ...call), load, options);
}

/** Notifications: each counts as answered when it has its number. */
export function notifySender(
  endpoint: Endpoint,
  peer: string,
  load: Load,
  options: LoadOptions,
): SendScheduler {
  const payloads = newPayloads(options);
  const { failed } = perSlot(options.inFlight, load, () => 0);
  const notifyOptions = { codec: "bytes", timeoutMs: LATE_MS } as const;
  return {
    send(slot, number) {
      const bytes = payloads[slot]!;
      writeNumber(bytes, number);
      endpoint.notify(peer, "swallow", bytes, notifyOptions)
        .then(() => load.answered(slot, number), failed[slot]);
    },
  };
}

/** A client, bytes as they are. */
export function clientSender(client: Client, load: Load, options: LoadOptions): SendScheduler {
  return callSender((...call) => client.request("echo-bytes", ...call), load, options);
}

function callSender(request: BytesRequest, load: Load, options: LoadOptions): SendScheduler {
  const payloads = newPayloads(options);
  const { answered, failed } = perSlot(
    options.inFlight,
    load,
    (answer: Uint8Array) => readNumber(answer, 0, answer.length, options.payload),
  );
  const requestOptions = { codec: "bytes", timeoutMs: LATE_MS } as const;
  return {
    send(slot, number) {
      const bytes = payloads[slot]!;
      writeNumber(bytes, number);
      request(bytes, requestOptions).then(answered[slot], failed[slot]);
    },
  };
}

interface Message {
  n: number;
  readonly text: string;
}

/** Makes every number ten digits long, so that all JSON payloads have the same size. */
const NUMBER_BASE = 1_000_000_000;

/** freshlink with JSON of the same size. */
export function jsonSender(
  endpoint: Endpoint,
  peer: string,
  load: Load,
  options: LoadOptions,
): SendScheduler {
  const frameLength = JSON.stringify({ n: NUMBER_BASE, text: "" }).length;
  const text = "x".repeat(options.payload - frameLength);
  const payloads = Array.from({ length: options.inFlight }, (): Message => ({ n: 0, text }));
  const { answered, failed } = perSlot(
    options.inFlight,
    load,
    (answer: Message) => answer.text === text ? answer.n - NUMBER_BASE : -1,
  );
  const requestOptions = { codec: "json", timeoutMs: LATE_MS } as const;
  return {
    send(slot, number) {
      const message = payloads[slot]!;
      message.n = NUMBER_BASE + number;
      endpoint.request<Message>(peer, "echo-json", message, requestOptions)
        .then(answered[slot], failed[slot]);
    },
  };
}

/** The callbacks of each slot, made once. */
function perSlot<Answer>(
  inFlight: number,
  load: Load,
  read: (answer: Answer) => number,
): { answered: ((answer: Answer) => void)[]; failed: (() => void)[] } {
  const slots = Array.from({ length: inFlight }, (_, slot) => slot);
  return {
    answered: slots.map((slot) => (answer: Answer) => load.answered(slot, read(answer))),
    failed: slots.map((slot) => () => load.failed(slot)),
  };
}

function newPayloads({ inFlight, payload }: LoadOptions): Uint8Array[] {
  return Array.from({ length: inFlight }, () => new Uint8Array(payload).fill(0x78));
}

/** The number stands at both ends, so that an answer of the wrong length is found out. */
function writeNumber(bytes: Uint8Array, number: number): void {
  writeUint32(bytes, 0, number);
  writeUint32(bytes, bytes.length - 4, number);
}

/** @returns The number in an answer; -1 when the answer is not what was sent. */
export function readNumber(bytes: Uint8Array, start: number, end: number, payload: number): number {
  const number = readUint32(bytes, start);
  return end - start === payload && readUint32(bytes, end - 4) === number ? number : -1;
}
