/**
 * What answers services.
 *
 * @module
 */

import { type Codec, codecTag } from "../codec.ts";
import type { Refusal } from "../core/session/session_handler.ts";
import type { HandlerContext } from "./call_context.ts";

/** A handler with how its payload and answer are encoded. */
export interface CodedHandler {
  /** Answers the service. */
  readonly handler: AnyHandler;
  /** By default the endpoint's codec. */
  readonly codec?: "json" | "bytes" | Codec;
}

/** A handler of any payload; a method, so that each handler of a definite payload is one. */
export type AnyHandler = {
  /** Answers the service. */
  handle(payload: unknown, context: HandlerContext): unknown;
}["handle"];

/** Handlers by the names of their services. */
export type Handlers = Readonly<Record<string, AnyHandler | CodedHandler>>;

/** Answers a service. What it returns (or resolves to) is the answer. */
export type Handler<Payload, Result> = (
  payload: Payload,
  context: HandlerContext,
) => Result | Promise<Result>;

/** Answers a service with items: an async generator, or what returns an iterable. */
export type StreamHandler<Payload, Item> = (
  payload: Payload,
  context: HandlerContext,
) => AsyncIterable<Item> | Iterable<Item> | Promise<AsyncIterable<Item> | Iterable<Item>>;

/** A handler, registered. */
export interface Registration {
  readonly handler: Handler<unknown, unknown>;
  readonly codec: Codec;
  readonly codecName: string;
  /** Whether it answers with items. */
  readonly isStream: boolean;
}

/** That nobody answers a service. */
export function noHandlerText(service: string): string {
  return `no handler for '${service}'`;
}

/**
 * Why a service is not called so; else `null`.
 *
 * @param tag That of the caller's codec. @param wantsItems Whether it is called as a stream.
 */
export function mismatchOf(
  service: string,
  { codec, codecName, isStream }: Registration,
  tag: number,
  wantsItems = false,
): Refusal | null {
  if (isStream !== wantsItems) {
    const message = isStream
      ? `'${service}' answers with items: call it with stream()`
      : `'${service}' answers once: call it with request()`;
    return { code: "unknown-service", message };
  }
  if (codecTag(codec) === tag) return null;
  return { code: "codec-mismatch", message: `'${service}' is served with codec '${codecName}'` };
}
