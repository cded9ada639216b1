/**
 * How each carrier sends what the load wants sent.
 *
 * @module
 */

import type { Client, Endpoint } from "../mod.ts";
import type { CopyBytes } from "../src/runtime/runtime.ts";
import type { EchoClient } from "./echo.ts";
import { readUint32, writeUint32 } from "./frames.ts";
import { METADATA } from "./seen.ts";
import { LATE_MS, type Load, type LoadOptions, type Sender } from "./load.ts";

/** Sends over several connections in turns. */
export function spread(senders: readonly Sender[]): Sender {
  const [only] = senders;
  if (senders.length === 1) return only!;
  return { send: (slot, number) => senders[slot % senders.length]!.send(slot, number) };
}

/** The bare echo: answers come in the order of the requests. */
export function bareSender(client: EchoClient, load: Load, options: LoadOptions): Sender {
  const { inFlight, payload } = options;
  const payloads = newPayloads(options);
  const order = new Uint32Array(inFlight);
  let head = 0;
  let tail = 0;
  client.onFrame = (bytes, start, end) => {
    const slot = order[head]!;
    head = head + 1 === inFlight ? 0 : head + 1;
    load.answered(slot, readNumber(bytes, start, end, payload));
  };
  return {
    send(slot, number) {
      order[tail] = slot;
      tail = tail + 1 === inFlight ? 0 : tail + 1;
      const bytes = payloads[slot]!;
      writeNumber(bytes, number);
      client.send(bytes);
    },
  };
}

/** The bare echo behind promises: what freshlink would cost if it did nothing. */
export function floorSender(
  client: EchoClient,
  copy: CopyBytes,
  load: Load,
  options: LoadOptions,
): Sender {
  return callSender(floorRequest(client, copy, options), load, options);
}

/** The floor with JSON; the server's end of `client` parses too. */
export function floorJsonSender(
  client: EchoClient,
  copy: CopyBytes,
  load: Load,
  options: LoadOptions,
): Sender {
  const request = floorRequest(client, copy, options);
  return messageSender(
    async (message) => decodeJson(await request(encodeJson(message))),
    load,
    options,
  );
}

function floorRequest(
  client: EchoClient,
  copy: CopyBytes,
  { inFlight }: LoadOptions,
): (payload: Uint8Array) => Promise<Uint8Array> {
  const order: ((answer: Uint8Array) => void)[] = new Array(inFlight);
  let head = 0;
  let tail = 0;
  client.onFrame = (bytes, start, end) => {
    const resolve = order[head]!;
    head = head + 1 === inFlight ? 0 : head + 1;
    resolve(copy(bytes, start, end));
  };
  return (payload) =>
    new Promise((resolve) => {
      order[tail] = resolve;
      tail = tail + 1 === inFlight ? 0 : tail + 1;
      client.send(payload);
    });
}

/** How freshlink is called for bytes as they are. */
type BytesRequest = (
  payload: Uint8Array,
  options: { readonly codec: "bytes"; readonly timeoutMs: number },
) => Promise<Uint8Array>;

/** An endpoint, bytes as they are. */
export function bytesSender(
  endpoint: Endpoint,
  peer: string,
  load: Load,
  options: LoadOptions,
): Sender {
  return callSender((...call) => endpoint.request(peer, "echo-bytes", ...call), load, options);
}

/** An endpoint as a user calls it: each call with options and a signal of its own making. */
export function userSender(
  endpoint: Endpoint,
  peer: string,
  load: Load,
  options: LoadOptions,
): Sender {
  const { signal } = new AbortController();
  const request: BytesRequest = (payload) =>
    endpoint.request(peer, "echo-user", payload, { codec: "bytes", timeoutMs: LATE_MS, signal });
  return callSender(request, load, options);
}

/** An endpoint, with metadata of the size of a trace's on each call. */
export function metadataSender(
  endpoint: Endpoint,
  peer: string,
  load: Load,
  options: LoadOptions,
): Sender {
  const request: BytesRequest = (payload, more) =>
    endpoint.request(peer, "echo-bytes", payload, { ...more, metadata: METADATA });
  return callSender(request, load, options);
}

/** An endpoint whose handler answers some requests later. */
export function lateSender(
  endpoint: Endpoint,
  peer: string,
  load: Load,
  options: LoadOptions,
): Sender {
  return callSender((...call) => endpoint.request(peer, "echo-late", ...call), load, options);
}

/** Notifications: each counts as answered when it has its number. */
export function notifySender(
  endpoint: Endpoint,
  peer: string,
  load: Load,
  options: LoadOptions,
): Sender {
  const payloads = newPayloads(options);
  const { failed } = perSlot(options.inFlight, load, () => 0);
  const notifyOptions = { codec: "bytes", timeoutMs: LATE_MS } as const;
  return {
    send(slot, number) {
      const bytes = payloads[slot]!;
      writeNumber(bytes, number);
      endpoint.notify(peer, "swallow", bytes, notifyOptions)
        .then(() => load.answered(slot, number), failed[slot]);
    },
  };
}

/** A client, bytes as they are. */
export function clientSender(client: Client, load: Load, options: LoadOptions): Sender {
  return callSender((...call) => client.request("echo-bytes", ...call), load, options);
}

function callSender(request: BytesRequest, load: Load, options: LoadOptions): Sender {
  const payloads = newPayloads(options);
  const { answered, failed } = perSlot(
    options.inFlight,
    load,
    (answer: Uint8Array) => readNumber(answer, 0, answer.length, options.payload),
  );
  const requestOptions = { codec: "bytes", timeoutMs: LATE_MS } as const;
  return {
    send(slot, number) {
      const bytes = payloads[slot]!;
      writeNumber(bytes, number);
      request(bytes, requestOptions).then(answered[slot], failed[slot]);
    },
  };
}

interface Message {
  n: number;
  readonly text: string;
}

/** Makes every number ten digits long, so that all JSON payloads have the same size. */
const NUMBER_BASE = 1_000_000_000;

/** freshlink with JSON of the same size. */
export function jsonSender(
  endpoint: Endpoint,
  peer: string,
  load: Load,
  options: LoadOptions,
): Sender {
  const requestOptions = { codec: "json", timeoutMs: LATE_MS } as const;
  return messageSender(
    (message) => endpoint.request<Message>(peer, "echo-json", message, requestOptions),
    load,
    options,
  );
}

function messageSender(
  request: (message: Message) => Promise<Message>,
  load: Load,
  options: LoadOptions,
): Sender {
  const frameLength = JSON.stringify({ n: NUMBER_BASE, text: "" }).length;
  const text = "x".repeat(options.payload - frameLength);
  const payloads = Array.from({ length: options.inFlight }, (): Message => ({ n: 0, text }));
  const { answered, failed } = perSlot(
    options.inFlight,
    load,
    (answer: Message) => answer.text === text ? answer.n - NUMBER_BASE : -1,
  );
  return {
    send(slot, number) {
      const message = payloads[slot]!;
      message.n = NUMBER_BASE + number;
      request(message).then(answered[slot], failed[slot]);
    },
  };
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function encodeJson(value: unknown): Uint8Array {
  return encoder.encode(JSON.stringify(value));
}

function decodeJson(bytes: Uint8Array): Message {
  return JSON.parse(decoder.decode(bytes));
}

/** The callbacks of each slot, made once. */
function perSlot<Answer>(
  inFlight: number,
  load: Load,
  read: (answer: Answer) => number,
): { answered: ((answer: Answer) => void)[]; failed: (() => void)[] } {
  const slots = Array.from({ length: inFlight }, (_, slot) => slot);
  return {
    answered: slots.map((slot) => (answer: Answer) => load.answered(slot, read(answer))),
    failed: slots.map((slot) => () => load.failed(slot)),
  };
}

function newPayloads({ inFlight, payload }: LoadOptions): Uint8Array[] {
  return Array.from({ length: inFlight }, () => new Uint8Array(payload).fill(0x78));
}

/** The number stands at both ends, so that an answer of the wrong length is found out. */
function writeNumber(bytes: Uint8Array, number: number): void {
  writeUint32(bytes, 0, number);
  writeUint32(bytes, bytes.length - 4, number);
}

/** @returns The number in an answer; -1 when the answer is not what was sent. */
export function readNumber(bytes: Uint8Array, start: number, end: number, payload: number): number {
  const number = readUint32(bytes, start);
  return end - start === payload && readUint32(bytes, end - 4) === number ? number : -1;
}
