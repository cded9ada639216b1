/**
 * Who of the members of a group takes a call.
 *
 * | the call has | then |
 * | --- | --- |
 * | no key | of two that are drawn, the one with less to do: never far from the best, and no herd |
 * | a key | the one with the greatest mark of key and name (rendezvous): only the keys of a member that leaves move |
 *
 * Whoever fails fast has little to do; so failures count as work for a while, and a member that
 * answers every call with an error at once does not draw all of them.
 *
 * Source: docs/groups.md, "Which member".
 *
 * @module
 */

/** How soon half of what failures count for is forgotten, in milliseconds. */
const HALF_LIFE_MS = 1_000;

/** What all failures count for at most, in open calls. */
const FAILURES_MAX = 100;

/** Less than that counts for nothing. */
const FAILURES_MIN = 0.05;

/** What recent failures of a member count for. */
export class Failures {
  #value = 0;
  #atMs = 0;

  /** In open calls. */
  weight(nowMs: number): number {
    if (this.#value === 0) return 0;
    const value = this.#value * 2 ** ((this.#atMs - nowMs) / HALF_LIFE_MS);
    if (value >= FAILURES_MIN) return value;
    this.#value = 0;
    return 0;
  }

  /** A call failed. */
  add(nowMs: number): void {
    this.#value = Math.min(FAILURES_MAX, this.weight(nowMs) + 1);
    this.#atMs = nowMs;
  }
}

/** One of those who may take a call. */
export interface Choosable {
  /** What it has to do, in open calls, its failures included. */
  load(nowMs: number): number;
  /** Of its name; see `hashOf`. */
  readonly nameHash: number;
}

/**
 * Draws two, and takes the one with less to do.
 *
 * @param random From 0 (included) to 1 (excluded).
 * @returns `null`: there is none.
 */
export function chooseByLoad<Member extends Choosable>(
  members: Iterable<Member>,
  nowMs: number,
  random: () => number,
): Member | null {
  let one: Member | null = null;
  let other: Member | null = null;
  let count = 0;
  for (const member of members) {
    count++;
    if (count === 1) one = member;
    else if (count === 2) other = member;
    else {
      // Each pair is as likely as any other one.
      const place = Math.floor(random() * count);
      if (place === 0) one = member;
      else if (place === 1) other = member;
    }
  }
  if (one === null || other === null) return one;
  const difference = one.load(nowMs) - other.load(nowMs);
  if (difference === 0) return random() < 0.5 ? one : other;
  return difference < 0 ? one : other;
}

/** The one with the greatest mark; `null`: there is none. */
export function chooseByKey<Member extends Choosable>(
  members: Iterable<Member>,
  key: string,
): Member | null {
  const keyHash = hashOf(key);
  let best: Member | null = null;
  let bestMark = -1;
  for (const member of members) {
    const mark = mix(keyHash ^ member.nameHash);
    if (mark <= bestMark) continue;
    bestMark = mark;
    best = member;
  }
  return best;
}

/** 32 bits of a text, the same in every process: FNV-1a over its UTF-16 units. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return mix(hash);
}

/** Each bit of the result depends on all bits: the last steps of MurmurHash3. */
function mix(value: number): number {
  let hash = value;
  hash = Math.imul(hash ^ hash >>> 16, 0x85ebca6b);
  hash = Math.imul(hash ^ hash >>> 13, 0xc2b2ae35);
  return (hash ^ hash >>> 16) >>> 0;
}
