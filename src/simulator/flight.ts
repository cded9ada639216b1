/**
 * A flight recorder's dump, played again: what a process saw of its peers becomes faults of a
 * simulated network, so that a strange night becomes a test.
 *
 * One process sees only its own side. Where it cannot know what happened (a machine that died and a
 * path that broke are both silence), the fault is the one that explains what came after it.
 *
 * @module
 */

import type { Host } from "./host.ts";
import type { Simulation } from "./simulation.ts";

/** An event of a dump; what matters of it. */
export interface RecordedEvent {
  /** As in `EndpointEvent`. */
  readonly type?: unknown;
  /** The peer it is about. */
  readonly peer?: unknown;
  /** On the endpoint's monotonic clock, in milliseconds. */
  readonly atMs?: unknown;
  /** Of `suspect`: for how long nothing was heard, in milliseconds. */
  readonly silenceMs?: unknown;
  /** Of `lost`: why. */
  readonly reason?: unknown;
  /** Of `connected`: whether it leads to another process. */
  readonly newProcess?: unknown;
}

/** What `endpoint.dump()` and `freshlink dump` give. */
export interface RecordedFlight {
  /** The endpoint's name. */
  readonly name: string;
  /** Its last events, the oldest first. */
  readonly events: readonly RecordedEvent[];
}

/** Something that goes wrong, or is mended. */
export interface FlightFault {
  /** Since the first event of the dump, in milliseconds. */
  readonly atMs: number;
  /**
   * `crash`: the peer's machine is gone without a word; `kill`: its process dies and its kernel says
   * so; `restart`: it is back; `forget`: the present connections are silent for ever; `reset`: they
   * end at both ends.
   */
  readonly kind: "crash" | "kill" | "restart" | "forget" | "reset";
  /** Whose. */
  readonly peer: string;
}

/** A process is heard of so long after its start, in milliseconds. */
const START_MS = 5;

/** What is known of a peer so far. */
interface Known {
  wasConnected: boolean;
  isRestarted: boolean;
  silentSinceMs: number | null;
  lost: { readonly atMs: number; readonly isSilent: boolean } | null;
}

/** The faults that explain a dump, in the order of their times. */
export function faultsOf({ events }: RecordedFlight): FlightFault[] {
  const known = new Map<string, Known>();
  const faults: FlightFault[] = [];
  const startMs = numberOf(events[0]?.atMs);
  for (const event of events) {
    if (typeof event.peer !== "string") continue;
    const peer = event.peer;
    const of = known.get(peer) ?? newKnown();
    known.set(peer, of);
    const atMs = numberOf(event.atMs) - startMs;
    const add = (kind: FlightFault["kind"], faultMs: number) =>
      faults.push({ kind, peer, atMs: Math.max(0, faultMs) });
    if (event.type === "suspect") {
      of.silentSinceMs ??= atMs - numberOf(event.silenceMs);
    } else if (event.type === "lost") {
      of.lost = { atMs, isSilent: event.reason === "silent" };
    } else if (event.type === "peer-restarted") {
      died(of, atMs, add);
      add("restart", atMs - START_MS);
      of.isRestarted = true;
    } else if (event.type === "connected") {
      if (of.wasConnected && !of.isRestarted) back(of, atMs, event.newProcess === true, add);
      Object.assign(of, newKnown(), { wasConnected: true });
    }
  }
  for (const [peer, of] of known) {
    const add = (kind: FlightFault["kind"], atMs: number) => faults.push({ kind, peer, atMs });
    if (of.lost !== null) died(of, of.lost.atMs, add);
    else if (of.silentSinceMs !== null) add("forget", of.silentSinceMs);
  }
  return faults.sort((one, other) => one.atMs - other.atMs);
}

/**
 * Plays the faults of a dump, from the simulation's present on.
 *
 * @param hosts By the names of the endpoint and of its peers; whoever is not among them is left out.
 * @param restarted A host has power again: its process is to be started.
 * @returns After how many milliseconds the last fault has been played.
 */
export function playFlight(
  simulation: Simulation,
  flight: RecordedFlight,
  hosts: Readonly<Record<string, Host>>,
  restarted: (name: string, host: Host) => void,
): number {
  const own = hosts[flight.name];
  let lastMs = 0;
  for (const { atMs, kind, peer } of faultsOf(flight)) {
    const host = hosts[peer];
    if (host === undefined || own === undefined) continue;
    lastMs = atMs;
    simulation.after(atMs, () => {
      if (kind === "crash") host.crash();
      else if (kind === "kill") host.kill();
      else if (kind === "forget") simulation.network.forget(own, host);
      else if (kind === "reset") simulation.network.reset(own, host);
      else {
        host.restart();
        restarted(peer, host);
      }
    });
  }
  return lastMs;
}

function newKnown(): Known {
  return { wasConnected: false, isRestarted: false, silentSinceMs: null, lost: null };
}

/** Its process is gone: a machine that dies says nothing, a kernel says it. */
function died(
  { lost, silentSinceMs }: Known,
  atMs: number,
  add: (kind: FlightFault["kind"], atMs: number) => void,
): void {
  if (silentSinceMs !== null) add("crash", silentSinceMs);
  else if (lost !== null) add(lost.isSilent ? "crash" : "kill", lost.atMs);
  else add("crash", atMs - 2 * START_MS);
}

/** There is a connection again. */
function back(
  of: Known,
  atMs: number,
  isNewProcess: boolean,
  add: (kind: FlightFault["kind"], atMs: number) => void,
): void {
  if (isNewProcess) {
    died(of, atMs, add);
    add("restart", atMs - START_MS);
  } else if (of.silentSinceMs !== null) add("forget", of.silentSinceMs);
  else if (of.lost !== null) add("reset", of.lost.atMs);
}

function numberOf(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
