/**
 * The calls that one `AbortSignal` gives up, behind one listener.
 *
 * A signal looks through all its listeners for each that is added or removed, so a listener for
 * each call makes as many steps as there are calls, for each of them: 40,000 calls on one signal
 * block the loop for seconds.
 *
 * @module
 */

import { ConfigurationError } from "../errors.ts";
import { messageOf } from "./thrown.ts";

/** A call that a signal can give up. */
export interface Abortable {
  /** Owned by its group: where it stands. */
  signalPlace: number;
  /** The signal has aborted. */
  handleAbort(): void;
}

/** The calls of one endpoint or client, by signal. A signal is forgotten with its last call. */
export class AbortGroups {
  readonly #groups = new Map<AbortSignal, AbortGroup>();

  /** How many signals are listened to. */
  get size(): number {
    return this.#groups.size;
  }

  /**
   * The signal gives this call up. A call belongs to one signal at most.
   *
   * @throws {ConfigurationError} `invalid-options`: it cannot be listened to (a signal of another
   * realm, or what only looks like one).
   */
  add(signal: AbortSignal, call: Abortable): void {
    const group = this.#groups.get(signal);
    if (group !== undefined) {
      call.signalPlace = group.calls.push(call) - 1;
      return;
    }
    const first = new AbortGroup(call);
    call.signalPlace = 0;
    try {
      signal.addEventListener("abort", first);
    } catch (cause) {
      const problem = `options.signal: it cannot be listened to: ${messageOf(cause)}`;
      throw new ConfigurationError("invalid-options", [problem], { cause });
    }
    this.#groups.set(signal, first);
  }

  /** The call is over; without effect on one that is not there. */
  remove(signal: AbortSignal, call: Abortable): void {
    const group = this.#groups.get(signal);
    if (group?.calls[call.signalPlace] !== call) return;
    const last = group.calls.pop()!;
    if (last !== call) {
      group.calls[call.signalPlace] = last;
      last.signalPlace = call.signalPlace;
    }
    if (group.calls.length > 0) return;
    this.#groups.delete(signal);
    try {
      signal.removeEventListener("abort", group);
    } catch {
      // The call has ended, whatever the signal does.
    }
  }
}

/** The calls of one signal. */
class AbortGroup {
  readonly calls: Abortable[];

  constructor(first: Abortable) {
    this.calls = [first];
  }

  /** Each call ends, and leaves the group. */
  handleEvent(): void {
    for (const call of this.calls.slice()) call.handleAbort();
  }
}

/** Why the signal aborted. Never throws. */
export function reasonOf(signal: AbortSignal | undefined): unknown {
  try {
    return signal?.reason;
  } catch {
    return undefined;
  }
}
