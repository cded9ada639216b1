/**
 * What tells a state of a pair from another one: the snapshots of the links, and what is on its
 * way. Only names are exchanged, so that states that differ in nothing but names count once:
 * connections are called by their place, pings by their order. (Links compare connections for
 * equality and nonces for order, and no rule asks for more.) What is over is left out: a dead or
 * fenced process, a connection that is closed.
 */

import type { LinkSnapshot } from "../../../src/core/link/link_state.ts";
import { type End, ENDS, type Life, other, type Pipe } from "../../support/link_life.ts";

type Names = ReadonlyMap<number, number>;

/** The key. @param isActive Whether anything comes of a life any more. */
export function stateKey(
  everyLife: readonly Life[],
  pipes: readonly Pipe[],
  isActive: (life: Life) => boolean,
): string {
  const snapshots = everyLife.map((life) => isActive(life) ? life.link.snapshot() : null);
  const nonces = everyLife.map((life, index) => noncesOf(life, snapshots[index]!, pipes));
  const open = pipes
    .filter((pipe) => ENDS.some((end) => isOpen(pipe, end)))
    .map((pipe) => ({ id: pipe.id, text: pipeText(pipe, snapshots, nonces) }))
    .toSorted((left, right) => left.text < right.text ? -1 : 1);
  const connections: Names = new Map(open.map(({ id }, index) => [id, index + 1]));
  const lives = everyLife.map((life, index) => {
    const snapshot = snapshots[index];
    if (!snapshot) return `${life.ordinal}${life.isAlive ? "fenced" : "dead"}`;
    const text = JSON.stringify(renamed(snapshot, connections, nonces[index]!));
    return `${life.ordinal}${text}${life.sessions}/${life.lastNumber}`;
  });
  return `${lives.join("|")}|${open.map(({ text }) => text).join("|")}`;
}

/** A snapshot with other names for connections and pings. */
function renamed(snapshot: LinkSnapshot, connections: Names, nonces: Names): LinkSnapshot {
  const { state, candidates } = snapshot;
  const { rules } = candidates;
  const connection = (id: number) => connections.get(id) ?? 0;
  const nonce = (value: number) => nonces.get(value) ?? 0;
  return {
    ...snapshot,
    // Here everybody may dial at any time.
    dial: { ...snapshot.dial, state: "idle" },
    state: state.kind === "draining" && state.nonce !== null
      ? { ...state, nonce: nonce(state.nonce) }
      : state,
    candidates: {
      ...candidates,
      members: candidates.members.map(([id, number]) => [connection(id), number] as const),
      probes: candidates.probes.map((ids) => ids.map(connection)),
      rules: rules && {
        ...rules,
        // The next one is greater than all of them, whatever it is.
        lastNonce: 0,
        claims: rules.claims.map((claim) => ({
          ...claim,
          id: connection(claim.id),
          target: connection(claim.target),
          nonce: nonce(claim.nonce),
        })),
      },
    },
  };
}

/** The nonces that a life may still compare, by their order. */
function noncesOf(life: Life, snapshot: LinkSnapshot | null, pipes: readonly Pipe[]): Names {
  const all = new Set<number>();
  for (const { nonce } of snapshot?.candidates.rules?.claims ?? []) {
    if (nonce > 0) all.add(nonce);
  }
  if (snapshot?.state.kind === "draining") all.add(snapshot.state.nonce ?? 0);
  for (const pipe of pipes) {
    if (pipe.lives[life.end] !== life) continue;
    for (const { kind, number } of pipe.inbox[life.end]) if (kind === "PONG") all.add(number);
    for (const { kind, number } of pipe.inbox[other(life.end)]) {
      if (kind === "PING") all.add(number);
    }
  }
  return new Map(
    [...all].toSorted((left, right) => left - right).map((nonce, at) => [nonce, at + 1]),
  );
}

/** How it stands with a connection at its ends: by the place that it has there, without its name. */
function pipeText(
  pipe: Pipe,
  snapshots: readonly (LinkSnapshot | null)[],
  nonces: readonly Names[],
): string {
  return ENDS.map((end) => {
    const life = pipe.lives[end];
    if (!isOpen(pipe, end)) return `${life.id}`;
    const members = snapshots[life.id]?.candidates.members ?? [];
    const place = members.findIndex(([id]) => id === pipe.id);
    const inbox = pipe.inbox[end].map(({ kind, number, code }) => {
      if (kind === "PING") return `${kind}${nonces[pipe.lives[other(end)].id]!.get(number)}`;
      return kind === "PONG" ? `${kind}${nonces[life.id]!.get(number)}` : `${kind}${number}${code}`;
    });
    const isDialled = life.attempt === pipe;
    return `${life.id}o${place}${isDialled ? "d" : ""}${isDead(pipe, end) ? "x" : ""}[${inbox}]`;
  }).join(";");
}

/** Whether an end of a connection is open, at a process that lives. */
export function isOpen(pipe: Pipe, end: End): boolean {
  return pipe.open[end] && pipe.lives[end].isAlive;
}

/** Whether an end will find out that nobody is there any more. */
export function isDead(pipe: Pipe, end: End): boolean {
  return pipe.isCut || !pipe.open[other(end)];
}
