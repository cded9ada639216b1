/**
 * A small call beside large ones on the same link: how long it waits for them.
 *
 * @module
 */

import type { Endpoint } from "../mod.ts";
import type { RuntimeName } from "../tools/runtimes.ts";
import { type Plan, TARGET_BESIDE_P99_MS } from "./plan.ts";
import type { Ends } from "./rates.ts";
import { median, quantile } from "./statistics.ts";

/** Small calls, one at a time. Durations are in milliseconds. */
export interface LatencyRow {
  readonly runtime: RuntimeName;
  /** What else is on the link, in words. */
  readonly beside: string;
  readonly p50: number;
  readonly p99: number;
  /** Bytes a second of the large ones, both directions together. */
  readonly largeBytes: number;
  /** The greatest `p99` to stay below; `null`: none is stated. */
  readonly target: number | null;
  readonly failed: number;
}

/** What a process is told. */
export interface BesideOptions {
  /** Large calls that are always open; 0: none. */
  readonly count: number;
  /** The size of each large payload, and of its answer. */
  readonly bytes: number;
  readonly durationMs: number;
}

/** What it found. */
export interface Beside {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly largeBytes: number;
  readonly failed: number;
}

const MIB = 1_048_576;
const LARGE_BYTES = 16 * MIB;
const LARGE_COUNT = 2;
const SMALL_BYTES = 64;
/** A large call takes long: a round is so many times a round of small ones. */
const LONGER = 4;
const ROUNDS = 3;
const TIMEOUT_MS = 60_000;

/** Alone, and beside two of 16 MiB. */
export async function measureBeside(plan: Plan, { runtime, client }: Ends): Promise<LatencyRow[]> {
  const rows: LatencyRow[] = [];
  for (const count of [0, LARGE_COUNT]) {
    const rounds: Beside[] = [];
    const options = { count, bytes: LARGE_BYTES, durationMs: plan.durationMs * LONGER };
    for (let round = 0; round < ROUNDS; round++) {
      const order = { do: "beside", options } as const;
      rounds.push(await client.order<Beside & Record<string, unknown>>(order, TIMEOUT_MS));
    }
    rows.push({
      runtime,
      beside: count === 0 ? "nothing" : `${count} x ${LARGE_BYTES / MIB} MiB`,
      p50: median(rounds.map(({ p50Ms }) => p50Ms)),
      p99: median(rounds.map(({ p99Ms }) => p99Ms)),
      largeBytes: median(rounds.map(({ largeBytes }) => largeBytes)),
      target: count === 0 ? null : TARGET_BESIDE_P99_MS,
      failed: rounds.reduce((sum, { failed }) => sum + failed, 0),
    });
  }
  return rows;
}

/** Runs in the client's process. */
export async function callBeside(
  endpoint: Endpoint,
  peer: string,
  { count, bytes, durationMs }: BesideOptions,
): Promise<Beside> {
  const startedMs = performance.now();
  const endsMs = startedMs + durationMs;
  let largeBytes = 0;
  let failed = 0;
  const call = async (payload: Uint8Array) => {
    const options = { codec: "bytes", timeoutMs: TIMEOUT_MS } as const;
    const answer = await endpoint.request<Uint8Array>(peer, "echo-bytes", payload, options);
    const last = payload.length - 1;
    if (answer.length !== payload.length || answer[last] !== payload[last]) failed++;
  };
  const large = async (fill: number) => {
    const payload = new Uint8Array(bytes).fill(fill);
    while (performance.now() < endsMs) {
      await call(payload);
      largeBytes += 2 * bytes;
    }
  };
  const running = Array.from({ length: count }, (_, index) => large(index + 1));
  const samples: number[] = [];
  const payload = new Uint8Array(SMALL_BYTES).fill(7);
  while (performance.now() < endsMs) {
    const sentMs = performance.now();
    await call(payload);
    samples.push(performance.now() - sentMs);
  }
  await Promise.all(running);
  const seconds = (performance.now() - startedMs) / 1_000;
  return {
    p50Ms: quantile(samples, 0.5),
    p99Ms: quantile(samples, 0.99),
    largeBytes: largeBytes / seconds,
    failed,
  };
}
