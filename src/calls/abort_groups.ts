/**
 * The calls that one `AbortSignal` gives up, behind one listener.
 *
 * A signal looks through all its listeners for each that is added or removed, so a listener for
 * each call makes as many steps as there are calls, for each of them: 40,000 calls on one signal
 * block the loop for seconds.
 *
 * @module
 */

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

  /** The signal gives this call up. A call belongs to one signal at most. */
  add(signal: AbortSignal, call: Abortable): void {
    const group = this.#groups.get(signal);
    if (group !== undefined) {
      call.signalPlace = group.calls.push(call) - 1;
      return;
    }
    const first = new AbortGroup(call);
    call.signalPlace = 0;
    this.#groups.set(signal, first);
    signal.addEventListener("abort", first);
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
    signal.removeEventListener("abort", group);
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
