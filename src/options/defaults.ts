/**
 * The defaults, in one frozen object. `../options.ts` has their reasons.
 *
 * @module
 */

import type { IdentifierMode } from "../core/link/link_number.ts";

/** What is used where an option is left out. */
export const DEFAULTS: Readonly<{
  heartbeatIntervalMs: number;
  deadAfterMs: number;
  suspectAfterMs: number;
  probeTimeoutMs: number;
  connectTimeoutMs: number;
  handshakeTimeoutMs: number;
  redialMinMs: number;
  redialMaxMs: number;
  requestTimeoutMs: number;
  resumeWindowMs: number;
  drainMs: number;
  maxInFlight: number;
  payloadMaxBytes: number;
  retainMaxBytes: number;
  queueMaxBytes: number;
  whenDown: "wait" | "fail";
  identifier: IdentifierMode;
}> = Object.freeze({
  heartbeatIntervalMs: 1_000,
  deadAfterMs: 3_000,
  suspectAfterMs: 1_000,
  probeTimeoutMs: 1_000,
  connectTimeoutMs: 3_000,
  handshakeTimeoutMs: 5_000,
  redialMinMs: 100,
  redialMaxMs: 5_000,
  requestTimeoutMs: 5_000,
  resumeWindowMs: 30_000,
  drainMs: 10_000,
  maxInFlight: 1_024,
  payloadMaxBytes: 16_777_216,
  retainMaxBytes: 4_194_304,
  queueMaxBytes: 33_554_432,
  whenDown: "wait",
  identifier: "counter",
});
