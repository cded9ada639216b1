// Both ends of a handshake, of both kinds, with primitives that are quick.

import type {
  Admission,
  Admitter,
  Handshake,
  HandshakeStep,
} from "../../src/core/channel/handshake.ts";
import {
  NoiseAcceptor,
  NoiseDialer,
  type NoiseSelf,
} from "../../src/core/channel/noise_handshake.ts";
import {
  PlainAcceptor,
  PlainDialer,
  type PlainSelf,
} from "../../src/core/channel/plain_handshake.ts";
import type { KeyPair } from "../../src/core/channel/primitives.ts";
import { SeenKeys } from "../../src/core/channel/seen_keys.ts";
import { HEADER_BYTES } from "../../src/core/wire/frame.ts";
import type { Hello } from "../../src/core/wire/hello.ts";
import { cheapPrimitives } from "../../src/simulator/channel.ts";

/** The kinds of handshakes. */
export const KINDS = ["plain", "noise"] as const;
export type Kind = typeof KINDS[number];

/** What one end is, where it differs from the usual. */
export interface EndOptions {
  readonly who?: Partial<Hello>;
  readonly secrets?: readonly number[];
  /** What its keys and nonces are made of. */
  readonly seed?: number;
  /** What the keys were made of with which its life began; `claimed`: it holds only the public one. */
  readonly lifeSeed?: number;
  readonly claimed?: boolean;
  readonly certificateNames?: readonly string[] | null;
  readonly admission?: Admission;
  readonly admissionTo?: (to: string) => Admission;
  readonly seen?: SeenKeys;
  readonly affords?: boolean;
}

/** A peer of that name. */
export function helloOf(name: string, who: Partial<Hello> = {}): Hello {
  return {
    role: "peer",
    name,
    bootId: name.charCodeAt(3).toString(16).padStart(32, name.charAt(2)),
    ordinal: 1_700_000_000_000_000,
    hostname: "10.0.0.1",
    port: 11_000,
    limits: {
      maxInFlight: 1_024,
      payloadMaxBytes: 16_777_216,
      clientMaxInFlight: 64,
      clientPayloadMaxBytes: 1_048_576,
      creditBytes: 262_144,
      notificationsMax: 1_024,
      maxStreams: 16,
      clientMaxStreams: 4,
    },
    heartbeatIntervalMs: 1_000,
    ordinalRises: false,
    ...who,
  };
}

let lastSeed = 0;

function bytesOf(seed: number, count: number, salt: number): Uint8Array {
  return Uint8Array.from(
    { length: count },
    (_, index) => seed * 31 + salt + index * 7 + (seed >> 8),
  );
}

function selfOf(name: string, options: EndOptions): PlainSelf & NoiseSelf {
  const seed = options.seed ?? ++lastSeed;
  const bytes = (count: number, salt: number) => bytesOf(seed, count, salt);
  return {
    introduction: helloOf(name, options.who),
    certificateNames: options.certificateNames ?? null,
    nonce: bytes(16, 0),
    primitives: cheapPrimitives,
    staticKeys: cheapPrimitives.keyPair(bytes(32, 1)),
    ephemeralKeys: cheapPrimitives.keyPair(bytes(32, 2)),
    ...(options.lifeSeed === undefined ? {} : { lifeKeys: lifeKeysOf(options) }),
    preSharedKeys: (options.secrets ?? [7]).map((byte) => new Uint8Array(32).fill(byte)),
  };
}

function lifeKeysOf({ lifeSeed = 0, claimed = false }: EndOptions): KeyPair {
  const keys = cheapPrimitives.keyPair(bytesOf(lifeSeed, 32, 1));
  if (!claimed) return keys;
  const others = cheapPrimitives.keyPair(bytesOf(lifeSeed + 1, 32, 1));
  return { publicKey: keys.publicKey, agree: (key) => others.agree(key) };
}

/** One that dials. */
export function dialerOf(
  kind: Kind,
  name: string,
  to: string,
  options: EndOptions = {},
): Handshake {
  const accepts = () => options.admission ?? null;
  const self = selfOf(name, options);
  return kind === "plain"
    ? new PlainDialer(self, to, accepts)
    : new NoiseDialer(self, "AESGCM", to, accepts);
}

/** One that accepts. */
export function acceptorOf(kind: Kind, name: string, options: EndOptions = {}): Handshake {
  const admitter: Admitter = {
    affords: () => options.affords ?? true,
    admitsTo: (to) => options.admissionTo?.(to) ?? null,
    admits: (_, to) => options.admissionTo?.(to) ?? options.admission ?? null,
  };
  const self = selfOf(name, options);
  return kind === "plain"
    ? new PlainAcceptor(self, admitter)
    : new NoiseAcceptor(self, admitter, options.seen ?? new SeenKeys());
}

/** Runs a handshake as far as it comes; returns the last step of each end. */
export function shakeHands(
  dialer: Handshake,
  acceptor: Handshake,
  tamper: (bytes: Uint8Array, index: number) => Uint8Array = (bytes) => bytes,
): { dialer: HandshakeStep | null; acceptor: HandshakeStep } {
  const take = (end: Handshake, bytes: Uint8Array, index: number) => {
    const changed = tamper(bytes.slice(), index);
    return end.handleFrame(changed[0]!, changed.subarray(HEADER_BYTES));
  };
  const first = take(acceptor, dialer.begin(), 0);
  if (first.kind !== "send") return { dialer: null, acceptor: first };
  const second = take(dialer, first.bytes, 1);
  if (second.kind !== "done") return { dialer: second, acceptor: first };
  return { dialer: second, acceptor: take(acceptor, second.bytes, 2) };
}
