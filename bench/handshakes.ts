/**
 * Connecting and closing, again and again: bare, and with freshlink's handshake.
 *
 * @module
 */

import { Client } from "../mod.ts";
import type { Runtime } from "../src/runtime/runtime.ts";
import { EchoClient } from "./echo.ts";
import type { ProtectionOptions } from "./protected.ts";

/** How much, and for how long. */
export interface HandshakeOptions {
  /** Connections that are being opened at any time. */
  readonly atATime: number;
  /** No new ones after so many milliseconds ... */
  readonly durationMs: number;
  /** ... nor after so many: what closes first keeps its port for a while. */
  readonly maxCount: number;
}

/** What came of it. */
export interface Handshakes {
  readonly count: number;
  readonly elapsedMs: number;
}

/** Opens connections for a while. With freshlink both ends have verified each other each time. */
export async function shakeHands(
  runtime: Runtime,
  carrier: "bare" | "client",
  port: number,
  { atATime, durationMs, maxCount }: HandshakeOptions,
  { to, ...protection }: ProtectionOptions & { readonly to?: string | undefined } = {},
): Promise<Handshakes> {
  const connect: () => Promise<{ close(): unknown }> = carrier === "bare"
    ? () => EchoClient.connect(runtime, port)
    : () =>
      Client.connect({
        hostname: "127.0.0.1",
        port,
        ...(to === undefined ? {} : { to }),
        ...protection,
      });
  const startedMs = performance.now();
  let begun = 0;
  let count = 0;
  const loop = async () => {
    while (performance.now() < startedMs + durationMs && begun < maxCount) {
      begun++;
      const one = await connect();
      await one.close();
      count++;
    }
  };
  await Promise.all(Array.from({ length: atATime }, loop));
  return { count, elapsedMs: performance.now() - startedMs };
}
