/**
 * The adapter for Deno, over `Deno.listen` and `Deno.connect`; TLS goes through `node:tls`, because
 * Deno's own does not check client certificates.
 *
 * https://docs.deno.com/api/deno/network
 *
 * @module
 */

import { allocateZeros, newSlabCopy } from "./copy.ts";
import { reasonOf } from "./errno.ts";
import type { DenoAddress, DenoConnection, DenoGlobal, DenoListener } from "./global_types.ts";
import {
  checkTimeout,
  guard,
  hostClock,
  hostRandom,
  loadChannel,
  renewNothing,
  tcpAddress,
} from "./host.ts";
import {
  type Address,
  CLOSE_TIMEOUT_MS,
  type CloseReason,
  type ConnectHandler,
  type ConnectOptions,
  type Listener,
  type ListenOptions,
  type Runtime,
  type Socket,
  type SocketHandler,
} from "./runtime.ts";

// --- adapter ---

/** Deno's runtime. */
export function newRuntime(): Runtime {
  const pool = new BufferPool();
  return {
    name: "deno",
    clock: hostClock,
    random: hostRandom,
    copy: newSlabCopy(0),
    allocate: allocateZeros,
    loadChannel: () => loadChannel("ChaChaPoly"),
    listen: (address, options, onSocket) => listen(pool, address, options, onSocket),
    connect: (address, options, handler) => connect(pool, address, options, handler),
  };
}

const deno = (globalThis as unknown as { Deno: DenoGlobal }).Deno;

async function listen(
  pool: BufferPool,
  address: Address,
  options: ListenOptions,
  onSocket: (socket: Socket) => SocketHandler,
): Promise<Listener> {
  if (options.tls !== undefined) {
    const { listenNode } = await import("./node.ts");
    return listenNode(address, options, onSocket);
  }
  const listener = deno.listen(
    "path" in address
      ? { transport: "unix", path: address.path }
      : { hostname: address.hostname, port: address.port },
  );
  return new DenoAdapterListener(
    listener,
    address,
    (connection) => DenoSocket.adopt(connection, address, pool, onSocket),
  );
}

function connect(
  pool: BufferPool,
  address: Address,
  options: ConnectOptions,
  handler: ConnectHandler,
): void {
  checkTimeout(options.timeoutMs);
  if (options.tls !== undefined) {
    import("./node.ts").then(({ connectNode }) => connectNode(address, options, handler));
    return;
  }
  const { signal } = options;
  const attempt = new AbortController();
  let reason: CloseReason | null = null;
  const giveUp = (why: CloseReason) => {
    reason ??= why;
    attempt.abort();
  };
  const aborted = () => giveUp({ kind: "local", code: null });
  const timer = setTimeout(() => giveUp({ kind: "timeout", code: null }), options.timeoutMs);
  if (signal?.aborted) aborted();
  else signal?.addEventListener("abort", aborted);
  const pending = "path" in address
    ? deno.connect({ transport: "unix", path: address.path })
    : deno.connect({ hostname: address.hostname, port: address.port, signal: attempt.signal });
  pending.then((connection) => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", aborted);
    if (reason === null) {
      DenoSocket.adopt(connection, address, pool, (socket) => handler.onConnect(socket));
      return;
    }
    connection.close();
    handler.onConnectError(reason);
  }, (error) => {
    clearTimeout(timer);
    signal?.removeEventListener("abort", aborted);
    handler.onConnectError(reason ?? reasonOf(error, "refused"));
  });
}

// --- listener ---

class DenoAdapterListener implements Listener {
  readonly address: Address;
  readonly #listener: DenoListener;
  #closed = false;

  constructor(
    listener: DenoListener,
    asked: Address,
    accepted: (connection: DenoConnection) => void,
  ) {
    this.#listener = listener;
    this.address = "path" in asked ? asked : addressOf(listener.addr);
    this.#accept(accepted);
  }

  renew(): void {
    renewNothing();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.close();
  }

  async #accept(accepted: (connection: DenoConnection) => void): Promise<void> {
    while (!this.#closed) {
      let connection: DenoConnection;
      try {
        connection = await this.#listener.accept();
      } catch {
        // Closed, or one socket was gone before it could be accepted, or there are no descriptors
        // left for a moment: then the next turn may have some.
        if (!this.#closed) await new Promise((resolve) => setTimeout(resolve, 10));
        continue;
      }
      if (this.#closed) connection.close();
      else accepted(connection);
    }
  }
}

// --- socket ---

/** An idle socket waits with a small buffer; one that fills it gets a large one. */
const SMALL_BYTES = 2_048;
const LARGE_BYTES = 65_536;

/** Up to here bytes are copied, so that the caller need not wait for the kernel. */
const COPY_MAX_BYTES = 65_536;

class DenoSocket implements Socket {
  readonly remoteAddress: Address;
  readonly localAddress: Address;
  readonly descriptor = null;
  readonly peerCertificate = null;
  readonly #connection: DenoConnection;
  readonly #pool: BufferPool;
  #handler!: SocketHandler;
  #ending = false;
  #closed = false;
  #mustDrain = false;
  #reason: CloseReason | null = null;
  /** Bytes that were copied and wait for the write in flight. */
  #copy: Uint8Array | null = null;
  #copied = 0;
  /** What the caller was told to keep. */
  #kept: Uint8Array | null = null;
  #writing = false;
  #resume: (() => void) | null = null;
  #paused = false;
  #deadline: ReturnType<typeof setTimeout> | undefined;

  static adopt(
    connection: DenoConnection,
    address: Address,
    pool: BufferPool,
    attach: (socket: Socket) => SocketHandler,
  ): void {
    const socket = new DenoSocket(connection, address, pool);
    try {
      connection.setNoDelay?.(true);
    } catch {
      // The other end was faster: reading will tell.
    }
    socket.#handler = attach(socket);
    socket.#read();
  }

  /** @param address Where it was listened, or what was dialled. */
  private constructor(connection: DenoConnection, address: Address, pool: BufferPool) {
    this.#connection = connection;
    this.#pool = pool;
    const isUnix = "path" in address;
    this.remoteAddress = isUnix ? address : addressOf(connection.remoteAddr);
    this.localAddress = isUnix ? address : addressOf(connection.localAddr);
  }

  write(bytes: Uint8Array): boolean {
    if (this.#ending || this.#closed) return false;
    if (this.#mustDrain) throw new Error("Cannot write before the socket has drained");
    const count = this.#copied + bytes.length;
    if (count <= COPY_MAX_BYTES) {
      this.#reserve(count).set(bytes, this.#copied);
      this.#copied = count;
      if (!this.#writing) this.#writeOut();
      return true;
    }
    this.#kept = bytes;
    this.#mustDrain = true;
    if (!this.#writing) this.#writeOut();
    return false;
  }

  pause(): void {
    this.#paused = true;
  }

  resume(): void {
    this.#paused = false;
    const resume = this.#resume;
    this.#resume = null;
    resume?.();
  }

  close(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#reason ??= { kind: "local", code: null };
    this.resume();
    if (!this.#writing) {
      this.#sayGoodbye();
      return;
    }
    this.#deadline = setTimeout(() => this.#destroy(), CLOSE_TIMEOUT_MS);
  }

  abort(): void {
    if (this.#closed) return;
    this.#ending = true;
    this.#reason ??= { kind: "local", code: null };
    this.#destroy();
  }

  async #read(): Promise<void> {
    let buffer = new Uint8Array(SMALL_BYTES);
    try {
      for (;;) {
        const count = await this.#connection.read(buffer);
        if (count === null) break;
        if (this.#paused) await new Promise<void>((resolve) => this.#resume = resolve);
        if (this.#closed) return;
        if (this.#ending) continue;
        guard(this, () => this.#handler.onData(buffer.subarray(0, count)));
        if (count === buffer.length && count < LARGE_BYTES) buffer = new Uint8Array(LARGE_BYTES);
        else if (count < SMALL_BYTES / 2 && buffer.length > SMALL_BYTES && !this.#writing) {
          buffer = new Uint8Array(SMALL_BYTES);
        }
      }
      this.#reason ??= { kind: "eof", code: null };
    } catch (error) {
      this.#reason ??= reasonOf(error, "reset");
    }
    // There is no half-open state: whoever has sent FIN is gone, once what is held was written.
    if (!this.#ending || !this.#writing) this.#destroy();
  }

  async #writeOut(): Promise<void> {
    this.#writing = true;
    try {
      for (;;) {
        const copy = this.#copy;
        if (copy !== null) {
          const count = this.#copied;
          this.#copy = null;
          this.#copied = 0;
          await this.#writeAll(copy.subarray(0, count));
          this.#pool.give(copy);
        } else if (this.#kept !== null) {
          await this.#writeAll(this.#kept);
          this.#kept = null;
          this.#mustDrain = false;
          if (!this.#ending) guard(this, () => this.#handler.onDrain());
        } else break;
      }
      this.#writing = false;
      if (this.#ending && !this.#closed) this.#sayGoodbye();
    } catch (error) {
      this.#writing = false;
      this.#reason ??= reasonOf(error, "reset");
      this.#destroy();
    }
  }

  /** Where copies lie, with room for so many bytes. */
  #reserve(byteCount: number): Uint8Array {
    const held = this.#copy;
    if (held !== null && byteCount <= held.length) return held;
    const larger = this.#pool.take(byteCount);
    if (held !== null) {
      larger.set(held.subarray(0, this.#copied));
      this.#pool.give(held);
    }
    return this.#copy = larger;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let written = await this.#connection.write(bytes);
    while (written < bytes.length) written += await this.#connection.write(bytes.subarray(written));
  }

  /** All is written: FIN, and the end. */
  #sayGoodbye(): void {
    this.#connection.closeWrite().then(() => this.#destroy(), () => this.#destroy());
  }

  #destroy(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ending = true;
    clearTimeout(this.#deadline);
    this.resume();
    try {
      this.#connection.close();
    } catch {
      // The runtime has closed it already.
    }
    const reason = this.#reason ?? { kind: "reset", code: null };
    queueMicrotask(() => this.#handler.onClose(reason));
  }
}

// --- details ---

function addressOf(address: DenoAddress): Address {
  return tcpAddress(address.hostname, address.port);
}

/**
 * Buffers for copies, shared by the sockets of a runtime: an idle socket has none. A thousand beats
 * of one turn are a thousand buffers, so there are small ones.
 */
class BufferPool {
  static readonly #MAX_SPARE = 32;
  readonly #small: Uint8Array[] = [];
  readonly #large: Uint8Array[] = [];

  take(byteCount: number): Uint8Array {
    if (byteCount <= SMALL_BYTES) return this.#small.pop() ?? new Uint8Array(SMALL_BYTES);
    return this.#large.pop() ?? new Uint8Array(COPY_MAX_BYTES);
  }

  give(buffer: Uint8Array): void {
    const spare = buffer.length === SMALL_BYTES ? this.#small : this.#large;
    if (spare.length < BufferPool.#MAX_SPARE) spare.push(buffer);
  }
}
