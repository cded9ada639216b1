/**
 * What the cases are written with. Runs unchanged on Deno, Bun, Node and in the simulator: no case
 * looks at real time or at the runtime it runs on.
 */

import { deepStrictEqual, ok } from "node:assert";
import type {
  Address,
  CloseReason,
  ConnectOptions,
  Listener,
  Runtime,
  Socket,
  SocketHandler,
  TcpAddress,
  TlsOptions,
} from "../../src/runtime/runtime.ts";
import type { Parties } from "./parties.ts";

/** What surrounds a case. */
export interface Surroundings {
  readonly runtime: Runtime;
  /** Waits for a promise, at most so long. */
  wait<Value>(promise: Promise<Value>, what: string, withinMs?: number): Promise<Value>;
  /** An address where connections are neither accepted nor refused. */
  readonly blackHole: TcpAddress;
  /** A folder for Unix sockets; `null` where there are none. */
  readonly folder: string | null;
  /** Who has a certificate; `null` without TLS. */
  readonly tls: Parties | null;
  /** Errors that callbacks threw and that reached the report of uncaught errors. */
  readonly uncaught: unknown[];
}

/** One case. */
export interface Case {
  readonly name: string;
  /** Whether all its pairs speak TLS. */
  readonly overTls?: boolean;
  run(kit: Kit): Promise<void>;
}

const LOOPBACK = "127.0.0.1";
const WAIT_MS = 10_000;

/** One end of a connection, and all that it was told. */
export class End implements SocketHandler {
  readonly closed: Promise<CloseReason>;
  readonly reasons: CloseReason[] = [];
  drains = 0;
  bytes = 0;
  /** Called with each chunk, after it was counted. */
  onChunk: (chunk: Uint8Array) => void = () => {};
  socket!: Socket;
  readonly #kit: Kit;
  readonly #closed = Promise.withResolvers<CloseReason>();
  #waiting: { fits: () => boolean; resolve: () => void }[] = [];

  constructor(kit: Kit) {
    this.#kit = kit;
    this.closed = this.#closed.promise;
  }

  onData(chunk: Uint8Array): void {
    this.#kit.enterCallback("onData");
    ok(this.reasons.length === 0, "onData after onClose");
    ok(chunk.length > 0, "an empty chunk");
    this.bytes += chunk.length;
    this.onChunk(chunk);
    this.#wake();
  }

  onDrain(): void {
    this.#kit.enterCallback("onDrain");
    ok(this.reasons.length === 0, "onDrain after onClose");
    this.drains++;
    this.#wake();
  }

  onClose(reason: CloseReason): void {
    this.#kit.enterCallback("onClose");
    this.reasons.push(reason);
    ok(this.reasons.length === 1, "onClose twice");
    this.#closed.resolve(reason);
    this.#wake();
  }

  /** Resolves once it is so. */
  until(fits: () => boolean, what: string): Promise<void> {
    if (fits()) return Promise.resolve();
    const promise = new Promise<void>((resolve) => this.#waiting.push({ fits, resolve }));
    return this.#kit.wait(promise, what);
  }

  /** Writes everything, waiting for room where there is none. */
  async writeAll(bytes: Uint8Array, pieceBytes: number): Promise<void> {
    for (let start = 0; start < bytes.length; start += pieceBytes) {
      const drains = this.drains;
      const taken = this.#kit.call(() =>
        this.socket.write(bytes.subarray(start, start + pieceBytes))
      );
      if (!taken) await this.until(() => this.drains > drains, "room to write");
    }
  }

  /** How it ended. */
  ended(): Promise<CloseReason> {
    return this.#kit.wait(this.closed, "onClose");
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = waiting.filter(({ fits }) => !fits());
    for (const { fits, resolve } of waiting) if (fits()) resolve();
  }
}

/** What a case uses. */
export class Kit {
  readonly runtime: Runtime;
  readonly surroundings: Surroundings;
  readonly #listeners: Listener[] = [];
  readonly #ends: End[] = [];
  readonly #overTls: boolean;
  #inside = false;

  constructor(surroundings: Surroundings, overTls: boolean) {
    this.#overTls = overTls;
    this.surroundings = surroundings;
    this.runtime = surroundings.runtime;
  }

  /** A call of the adapter: no callback may run inside it. */
  call<Value>(run: () => Value): Value {
    ok(!this.#inside);
    this.#inside = true;
    try {
      return run();
    } finally {
      this.#inside = false;
    }
  }

  /** A callback runs. */
  enterCallback(what: string): void {
    ok(!this.#inside, `${what} inside a call of the adapter`);
  }

  wait<Value>(promise: Promise<Value>, what: string, withinMs: number = WAIT_MS): Promise<Value> {
    return this.surroundings.wait(promise, what, withinMs);
  }

  /** Lets so many milliseconds of the runtime's own time pass. */
  pass(delayMs: number): Promise<void> {
    const passed = new Promise<void>((resolve) =>
      this.runtime.clock.setTimer(delayMs, () => resolve())
    );
    return this.wait(passed, `${delayMs} ms`, delayMs + WAIT_MS);
  }

  /** Listens; `accepted` is called with each end. */
  async listen(
    accepted: (end: End) => void,
    address: Address = { hostname: LOOPBACK, port: 0 },
    tls?: TlsOptions,
  ): Promise<Listener> {
    const listening = this.call(() =>
      this.runtime.listen(address, tls === undefined ? {} : { tls }, (socket) => {
        this.enterCallback("onSocket");
        const end = this.#end(socket);
        accepted(end);
        return end;
      })
    );
    const listener = await this.wait(listening, "a listener");
    this.#listeners.push(listener);
    return listener;
  }

  /** Dials. Rejects with a `DialError`. */
  dial(address: Address, options: Partial<ConnectOptions> = {}): Promise<End> {
    const dialled = new Promise<End>((resolve, reject) => {
      let count = 0;
      const once = () => ok(++count === 1, "a dial ends twice");
      this.call(() =>
        this.runtime.connect(address, { timeoutMs: 5_000, ...options }, {
          onConnect: (socket) => {
            this.enterCallback("onConnect");
            once();
            const end = this.#end(socket);
            resolve(end);
            return end;
          },
          onConnectError: (reason) => {
            this.enterCallback("onConnectError");
            once();
            reject(new DialError(reason));
          },
        })
      );
    });
    return this.wait(dialled, "a connection");
  }

  /** How a dial fails. */
  async dialError(address: Address, options: Partial<ConnectOptions> = {}): Promise<CloseReason> {
    try {
      await this.dial(address, options);
    } catch (error) {
      if (error instanceof DialError) return error.reason;
      throw error;
    }
    throw new Error("it connected");
  }

  /** Both ends of a new connection. */
  async pair(
    address?: Address,
    tls: { server: TlsOptions; client: TlsOptions } | null = this.#overTls
      ? this.surroundings.tls
      : null,
  ): Promise<[End, End]> {
    const arrived = Promise.withResolvers<End>();
    const listener = await this.listen(arrived.resolve, address, tls?.server);
    const dialled = await this.dial(listener.address, tls === null ? {} : { tls: tls.client });
    const accepted = await this.wait(arrived.promise, "the accepted end");
    // The accepted end of TLS is verified once something has arrived there.
    if (tls !== null) {
      this.call(() => dialled.socket.write(Uint8Array.of(0)));
      await accepted.until(() => accepted.bytes === 1, "the first byte");
      accepted.bytes = 0;
      await this.#settle(dialled);
    }
    return [dialled, accepted];
  }

  /** A byte that was not taken at once is gone when it has drained. */
  async #settle(end: End): Promise<void> {
    await this.pass(0);
    end.drains = 0;
  }

  /** Ends everything that the case left open. */
  async end(): Promise<void> {
    for (const listener of this.#listeners) listener.close();
    for (const end of this.#ends) if (end.reasons.length === 0) end.socket.abort();
    await Promise.all(this.#ends.map((end) => end.ended()));
  }

  #end(socket: Socket): End {
    const end = new End(this);
    end.socket = socket;
    this.#ends.push(end);
    return end;
  }
}

class DialError extends Error {
  readonly reason: CloseReason;
  constructor(reason: CloseReason) {
    super(`the dial failed: ${reason.kind} ${reason.code}`);
    this.reason = reason;
  }
}

/** Bytes of which each tells where it belongs. */
export function pattern(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let index = 0; index < length; index++) bytes[index] = patternAt(index);
  return bytes;
}

/** Checks bytes as they arrive; overwrites them, since they are only borrowed. */
export function checkPattern(): (chunk: Uint8Array) => void {
  let offset = 0;
  return (chunk) => {
    for (let index = 0; index < chunk.length; index++) {
      if (chunk[index] !== patternAt(offset + index)) {
        throw new Error(`byte ${offset + index} is ${chunk[index]}`);
      }
    }
    offset += chunk.length;
    chunk.fill(0xdd);
  };
}

function patternAt(index: number): number {
  return (index ^ (index >>> 8) ^ (index >>> 16)) & 0xff;
}

/** Compares. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  deepStrictEqual(actual, expected, what);
}

/** Runs a case. */
export async function runCase(one: Case, surroundings: Surroundings): Promise<void> {
  const kit = new Kit(surroundings, one.overTls ?? false);
  let failed = true;
  try {
    await one.run(kit);
    failed = false;
  } finally {
    // What the case itself found is worth more than what is left of it.
    await kit.end().catch((error) => {
      if (!failed) throw error;
    });
  }
}
