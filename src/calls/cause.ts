/**
 * Why a handler failed, through every hop: where a call that it made failed, the error of that call
 * is the `cause` of its own, with its code, and so on.
 *
 * @module
 */

import { jsonCodec } from "../codec.ts";
import { CODES, type Delivery, type ErrorCode, RequestError } from "../errors.ts";

const NOTHING = new Uint8Array(0);

/** More hops than that are left out. */
const HOPS_MAX = 8;

const TEXT_MAX_LENGTH = 500;

const DELIVERIES: readonly string[] = Object.freeze([
  "not-sent",
  "not-executed",
  "maybe-executed",
  "executed",
]);

interface Cause {
  readonly code: string;
  readonly message: string;
  readonly delivery: string;
  readonly peer: string | null;
  readonly cause?: Cause;
}

/** The failed call behind what a handler threw, as JSON; nothing where there is none. */
export function encodeCause(thrown: unknown): Uint8Array {
  try {
    const found = thrown instanceof RequestError ? thrown : causeOf(thrown);
    if (!(found instanceof RequestError)) return NOTHING;
    return jsonCodec.encode(describe(found, HOPS_MAX));
  } catch {
    // What is thrown may be anything; the code and the message of the error say what matters.
    return NOTHING;
  }
}

/** The error that came as JSON; `undefined` where there is none that can be read. */
export function decodeCause(encoded: Uint8Array | undefined): RequestError | undefined {
  if (encoded === undefined || encoded.length === 0) return undefined;
  try {
    return revive(jsonCodec.decode(encoded), HOPS_MAX);
  } catch {
    return undefined;
  }
}

function causeOf(thrown: unknown): unknown {
  return typeof thrown === "object" && thrown !== null
    ? (thrown as { readonly cause?: unknown }).cause
    : undefined;
}

function describe(error: RequestError, hops: number): Cause {
  const { code, delivery, peer } = error;
  const message = error.message.slice(0, TEXT_MAX_LENGTH);
  const cause = error.cause;
  return cause instanceof RequestError && hops > 1
    ? { code, message, delivery, peer, cause: describe(cause, hops - 1) }
    : { code, message, delivery, peer };
}

function revive(value: unknown, hops: number): RequestError | undefined {
  if (typeof value !== "object" || value === null || hops === 0) return undefined;
  const { code, message, delivery, peer, cause } = value as Partial<Record<keyof Cause, unknown>>;
  if (typeof code !== "string" || !Object.hasOwn(CODES, code)) return undefined;
  const isKnown = typeof delivery === "string" && DELIVERIES.includes(delivery);
  return new RequestError(
    code as ErrorCode,
    String(message),
    isKnown ? delivery as Delivery : "maybe-executed",
    {
      peer: typeof peer === "string" ? peer : undefined,
      cause: revive(cause, hops - 1),
    },
  );
}
