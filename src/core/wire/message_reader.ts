/**
 * Reads message frames, learns the numbers of services, and puts payloads together from their
 * parts. Hands out numbers and offsets, no objects: the view is made where the application needs it.
 *
 * @module
 */

import { codeOfWire, type ErrorCode } from "../../errors.ts";
import { FrameKind, readU16, readU32 } from "./frame.ts";
import { NO_TIMEOUT, SERVICE_NAMED, SERVICES_MAX, STREAMS_MAX } from "./message_writer.ts";

/**
 * Takes the messages. Bytes are borrowed until the call returns; those of a payload that came in
 * parts, which start at 0, are the receiver's.
 */
export interface MessageHandler {
  onRequest(
    slot: number,
    generation: number,
    timeoutMs: number,
    service: string,
    codec: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null;
  onNotification(
    service: string,
    codec: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null;
  onResponse(
    slot: number,
    generation: number,
    codec: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): ErrorCode | null;
  onError(
    slot: number,
    generation: number,
    code: ErrorCode,
    message: string,
    details: Uint8Array,
  ): ErrorCode | null;
  onCancel(slot: number, generation: number): ErrorCode | null;
}

interface Assembly {
  readonly parts: Uint8Array[];
  bytes: number;
}

const lenientDecoder = new TextDecoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true });

/** The decoder of one session's messages. */
export class MessageReader {
  readonly #payloadMaxBytes: number;
  /** By number, from 1. Most of many links never get a message: this and the next wait for one. */
  #services: string[] | null = null;
  /** By stream; what was never used is not there. */
  #assemblies: (Assembly | null)[] | null = null;
  /** Where the name of the service ended, set by `#readService`. */
  #after = 0;

  /** @param payloadMaxBytes The largest payload taken, in bytes. */
  constructor(payloadMaxBytes: number) {
    this.#payloadMaxBytes = payloadMaxBytes;
  }

  /** Bytes held of payloads that are not whole. */
  get assemblyBytes(): number {
    return this.#assemblies?.reduce((sum, assembly) => sum + (assembly?.bytes ?? 0), 0) ?? 0;
  }

  /**
   * Takes a message frame.
   *
   * @returns `null`, or how the peer broke the protocol: its connection must be aborted.
   */
  read(
    kind: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    handler: MessageHandler,
  ): ErrorCode | null {
    switch (kind) {
      case FrameKind.REQUEST:
        return this.#readRequest(bytes, start, end, handler);
      case FrameKind.RESPONSE:
        return this.#readResponse(bytes, start, end, handler);
      case FrameKind.ERROR:
        return this.#readError(bytes, start, end, handler);
      case FrameKind.CANCEL:
        if (end - start !== 8) return "malformed-frame";
        return handler.onCancel(readU32(bytes, start), readU32(bytes, start + 4));
      case FrameKind.NOTIFY:
        return this.#readNotification(bytes, start, end, handler);
      case FrameKind.PART:
        return this.#readPart(bytes, start, end);
      default:
        return this.#readDrop(bytes, start, end);
    }
  }

  #readRequest(
    bytes: Uint8Array,
    start: number,
    end: number,
    handler: MessageHandler,
  ): ErrorCode | null {
    if (end - start < 16) return "malformed-frame";
    const service = this.#readService(bytes, start + 12, end);
    if (service === null) return "malformed-frame";
    const slot = readU32(bytes, start);
    const generation = readU32(bytes, start + 4);
    const told = readU32(bytes, start + 8);
    const timeoutMs = told === NO_TIMEOUT ? Infinity : told;
    const codec = bytes[start + 14]!;
    const stream = bytes[start + 15]!;
    const from = this.#after;
    if (stream === 0) {
      if (end - from > this.#payloadMaxBytes) return "limit-exceeded";
      return handler.onRequest(slot, generation, timeoutMs, service, codec, bytes, from, end);
    }
    const whole = this.#complete(stream, bytes, from, end);
    if (typeof whole === "string") return whole;
    const length = whole.length;
    return handler.onRequest(slot, generation, timeoutMs, service, codec, whole, 0, length);
  }

  #readNotification(
    bytes: Uint8Array,
    start: number,
    end: number,
    handler: MessageHandler,
  ): ErrorCode | null {
    if (end - start < 4) return "malformed-frame";
    const service = this.#readService(bytes, start, end);
    if (service === null) return "malformed-frame";
    const codec = bytes[start + 2]!;
    const stream = bytes[start + 3]!;
    const from = this.#after;
    if (stream === 0) {
      if (end - from > this.#payloadMaxBytes) return "limit-exceeded";
      return handler.onNotification(service, codec, bytes, from, end);
    }
    const whole = this.#complete(stream, bytes, from, end);
    if (typeof whole === "string") return whole;
    return handler.onNotification(service, codec, whole, 0, whole.length);
  }

  #readResponse(
    bytes: Uint8Array,
    start: number,
    end: number,
    handler: MessageHandler,
  ): ErrorCode | null {
    if (end - start < 10) return "malformed-frame";
    const slot = readU32(bytes, start);
    const generation = readU32(bytes, start + 4);
    const codec = bytes[start + 8]!;
    const stream = bytes[start + 9]!;
    if (stream === 0) {
      if (end - start - 10 > this.#payloadMaxBytes) return "limit-exceeded";
      return handler.onResponse(slot, generation, codec, bytes, start + 10, end);
    }
    const whole = this.#complete(stream, bytes, start + 10, end);
    if (typeof whole === "string") return whole;
    return handler.onResponse(slot, generation, codec, whole, 0, whole.length);
  }

  #readError(
    bytes: Uint8Array,
    start: number,
    end: number,
    handler: MessageHandler,
  ): ErrorCode | null {
    if (end - start < 12) return "malformed-frame";
    const textBytes = readU16(bytes, start + 10);
    if (start + 12 + textBytes > end) return "malformed-frame";
    const code = codeOfWire(readU16(bytes, start + 8)) ?? "handler-failed";
    const text = lenientDecoder.decode(bytes.subarray(start + 12, start + 12 + textBytes));
    return handler.onError(
      readU32(bytes, start),
      readU32(bytes, start + 4),
      code,
      text,
      bytes.subarray(start + 12 + textBytes, end),
    );
  }

  #readPart(bytes: Uint8Array, start: number, end: number): ErrorCode | null {
    if (end - start < 1) return "malformed-frame";
    const stream = bytes[start]!;
    if (stream === 0 || stream > STREAMS_MAX) return "number-out-of-range";
    const assemblies = this.#assemblies ??= [];
    while (assemblies.length <= stream) assemblies.push(null);
    const assembly = assemblies[stream] ??= { parts: [], bytes: 0 };
    assembly.bytes += end - start - 1;
    if (assembly.bytes > this.#payloadMaxBytes) return "limit-exceeded";
    assembly.parts.push(bytes.slice(start + 1, end));
    return null;
  }

  #readDrop(bytes: Uint8Array, start: number, end: number): ErrorCode | null {
    if (end - start !== 1) return "malformed-frame";
    const stream = bytes[start]!;
    if (stream === 0 || stream > STREAMS_MAX) return "number-out-of-range";
    return this.#takeAssembly(stream) === null ? "unexpected-frame" : null;
  }

  /** The whole payload of a stream, its last piece being in this frame. */
  #complete(
    stream: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): Uint8Array | ErrorCode {
    if (stream > STREAMS_MAX) return "number-out-of-range";
    const assembly = this.#takeAssembly(stream);
    if (assembly === null) return "unexpected-frame";
    const size = assembly.bytes + end - start;
    if (size > this.#payloadMaxBytes) return "limit-exceeded";
    const whole = new Uint8Array(size);
    let offset = 0;
    for (const part of assembly.parts) {
      whole.set(part, offset);
      offset += part.length;
    }
    whole.set(bytes.subarray(start, end), offset);
    return whole;
  }

  #takeAssembly(stream: number): Assembly | null {
    const assembly = this.#assemblies?.[stream] ?? null;
    if (assembly !== null) this.#assemblies![stream] = null;
    return assembly;
  }

  /** The service's name; `null` when it is malformed. Sets `#after`. */
  #readService(bytes: Uint8Array, at: number, end: number): string | null {
    const field = readU16(bytes, at);
    this.#after = at + 4;
    if ((field & SERVICE_NAMED) === 0) return this.#services?.[field - 1] ?? null;
    if (at + 4 >= end) return null;
    const length = bytes[at + 4]!;
    this.#after = at + 5 + length;
    if (length === 0 || this.#after > end) return null;
    const id = field & ~SERVICE_NAMED;
    // Numbers are given in order: whoever skips one is not to be believed.
    const services = this.#services ??= [];
    if (id > SERVICES_MAX || (id !== 0 && id !== services.length + 1)) return null;
    try {
      const name = strictDecoder.decode(bytes.subarray(at + 5, this.#after));
      if (id !== 0) services.push(name);
      return name;
    } catch {
      return null;
    }
  }
}
