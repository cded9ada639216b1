/**
 * What the three runtimes have in common: time, randomness and small things about addresses.
 *
 * @module
 */

import type {
  ChannelPrimitives,
  CipherName,
  Clock,
  Random,
  TcpAddress,
  TimerHandle,
} from "./runtime.ts";

/** How far the fine clock may be from the coarse one, in milliseconds. */
const FINE_ERROR_MS = 2;

/** Time as JavaScript has it. */
export const hostClock: Clock = Object.freeze({
  nowMs: () => performance.now(),
  wallMicros() {
    const fineMs = performance.timeOrigin + performance.now();
    const coarseMs = Date.now();
    // The fine one does not notice when somebody sets the clock.
    return Math.floor((Math.abs(fineMs - coarseMs) <= FINE_ERROR_MS ? fineMs : coarseMs) * 1_000);
  },
  setTimer: (delayMs: number, callback: () => void) => setTimeout(callback, delayMs),
  clearTimer: (handle: TimerHandle) => clearTimeout(handle as number),
  defer: (callback: () => void) => queueMicrotask(callback),
});

/** Randomness as JavaScript has it. */
export const hostRandom: Random = Object.freeze({
  bytes: (count: number) => crypto.getRandomValues(new Uint8Array(count)),
  float: () => Math.random(),
});

/** The channel's cryptography; its modules are loaded now. */
export async function loadChannel(preferredCipher: CipherName): Promise<ChannelPrimitives> {
  const { newChannelPrimitives } = await import("./channel_primitives.ts");
  return newChannelPrimitives(preferredCipher);
}

/** An address as the contract wants it: without the prefix of IPv4 in IPv6. */
export function tcpAddress(hostname: string | undefined, port: number | undefined): TcpAddress {
  const name = hostname ?? "";
  return { hostname: name.startsWith("::ffff:") ? name.slice(7) : name, port: port ?? 0 };
}

/** @throws {RangeError} When the time-out is not a positive finite number of milliseconds. */
export function checkTimeout(timeoutMs: number): void {
  if (timeoutMs > 0 && Number.isFinite(timeoutMs)) return;
  throw new RangeError(
    `Cannot connect as 'timeoutMs' must be a positive number: current value is ${timeoutMs}`,
  );
}

/** `Listener.renew` of one that has no certificate. @throws {TypeError} Always. */
export function renewNothing(): never {
  throw new TypeError("Cannot renew as it listens without TLS");
}

/** Calls back. What that throws is reported as uncaught, and ends this socket only. */
export function guard(socket: { abort(): void }, call: () => void): void {
  try {
    call();
  } catch (error) {
    socket.abort();
    queueMicrotask(() => {
      throw error;
    });
  }
}
