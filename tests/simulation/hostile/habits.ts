/** What a hostile end does to the frames that an honest one would write and read. */

import { FrameKind, HEADER_BYTES } from "../../../src/core/wire/frame.ts";
import type { SeededRandom } from "../../../src/simulator/mod.ts";
import { ChangedFrame, frame, garbage, u32, u64 } from "./frames.ts";

/** One way to break the rules. What is left out is as an honest end does it. */
export interface Habit {
  readonly name: string;
  /** What goes out instead of a frame. */
  write?(frame: ChangedFrame, random: SeededRandom): readonly ChangedFrame[];
  /** What goes out besides, every few milliseconds. */
  add?(random: SeededRandom): readonly Uint8Array[];
  /** Whether it reads nothing once its session has begun. */
  readonly isDeaf?: boolean;
  /** Whether it writes a few bytes at a time. */
  readonly trickles?: boolean;
}

/** Where slot and generation stand in REQUEST, RESPONSE, ERROR and CANCEL. */
const SLOT = HEADER_BYTES;
const GENERATION = HEADER_BYTES + 4;

/** All of them. */
export const HABITS: readonly Habit[] = [
  {
    name: "acknowledges what was not sent",
    add: (random) => [frame(FrameKind.ACK, ...u64(random.below(1_000_000)))],
  },
  {
    name: "exceeds its places",
    write: (one, random) =>
      one.kind === FrameKind.REQUEST
        ? [one, ...Array.from({ length: 50 }, () => one.with(SLOT, random.below(10_000)))]
        : [one],
  },
  {
    name: "exceeds its credit",
    write: (one) =>
      one.kind === FrameKind.NOTIFY || one.kind === FrameKind.DATA
        ? Array.from({ length: 30 }, () => one)
        : [one],
  },
  { name: "never reads", isDeaf: true },
  {
    name: "never completes a payload",
    write: (one, random) => one.kind === FrameKind.DATA && random.chance(0.7) ? [] : [one],
  },
  { name: "trickles", trickles: true },
  {
    name: "floods pings",
    add: (random) =>
      Array.from({ length: 100 }, () => frame(FrameKind.PING, ...u64(random.below(1_000)))),
  },
  {
    name: "floods empty notifications",
    add: () => Array.from({ length: 50 }, () => frame(FrameKind.NOTIFY, ...EMPTY_NOTE)),
  },
  {
    name: "reuses generations",
    write: (one) =>
      one.kind >= FrameKind.REQUEST && one.kind <= FrameKind.CANCEL
        ? [one.with(GENERATION, 1)]
        : [one],
  },
  {
    name: "gives nothing back",
    write: (one) =>
      [FrameKind.GRANT, FrameKind.CREDIT, FrameKind.ACK].includes(one.kind as never) ? [] : [one],
  },
  {
    name: "cancels what it never asked",
    add: (random) => [frame(FrameKind.CANCEL, ...u32(random.below(100)), ...u32(random.below(9)))],
  },
  {
    name: "changes fields",
    write: (one, random) => {
      if (one.length === HEADER_BYTES || !random.chance(0.1)) return [one];
      const changed = new Uint8Array(one.length);
      one.copyTo(changed, 0);
      changed[HEADER_BYTES + random.below(one.length - HEADER_BYTES)] = random.below(256);
      return [new ChangedFrame(changed)];
    },
  },
  { name: "writes garbage", add: (random) => random.chance(0.2) ? [garbage(random)] : [] },
];

/** A notification of a service of one letter, by name: the number 0, codec 1. */
const EMPTY_NOTE: readonly number[] = [0x80, 0x00, 0x01, 0x00, 0x01, 0x61];
