/**
 * The adapter for Bun, over `Bun.listen` and `Bun.connect`; TLS goes through `node:tls`.
 *
 * https://bun.sh/docs/api/tcp
 *
 * @module
 */

import { reasonOf } from "./errno.ts";
import type { BunGlobal, BunHandlers, BunListener, BunSocket } from "./global_types.ts";
import { copyAlone } from "./copy.ts";
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

/** Bun's runtime. */
export function newRuntime(): Runtime {
  return {
    name: "bun",
    clock: hostClock,
    random: hostRandom,
    copy: copyAlone,
    // Zeros would cost as much again as what overwrites them.
    allocate: (bytes) => bun.allocUnsafe(bytes),
    loadChannel: () => loadChannel("AESGCM"),
    listen,
    connect,
  };
}

const bun = (globalThis as unknown as { Bun: BunGlobal }).Bun;

async function listen(
  address: Address,
  options: ListenOptions,
  onSocket: (socket: Socket) => SocketHandler,
): Promise<Listener> {
  if (options.tls !== undefined) {
    const { listenNode } = await import("./node.ts");
    return listenNode(address, options, onSocket);
  }
  const listener = bun.listen({ ...target(address), socket: handlers(address, onSocket) });
  return new BunAdapterListener(listener, address);
}

function connect(address: Address, options: ConnectOptions, handler: ConnectHandler): void {
  checkTimeout(options.timeoutMs);
  if (options.tls !== undefined) {
    import("./node.ts").then(({ connectNode }) => connectNode(address, options, handler));
    return;
  }
  const { signal } = options;
  let settled = false;
  const settle = (): boolean => {
    if (settled) return false;
    settled = true;
    clearTimeout(timer);
    signal?.removeEventListener("abort", aborted);
    return true;
  };
  const fail = (reason: CloseReason) => {
    if (settle()) queueMicrotask(() => handler.onConnectError(reason));
  };
  const aborted = () => fail({ kind: "local", code: null });
  const timer = setTimeout(() => fail({ kind: "timeout", code: null }), options.timeoutMs);
  if (signal?.aborted) aborted();
  else signal?.addEventListener("abort", aborted);
  // Bun cannot give a dial up: a socket that opens too late is ended there and then.
  const accept = handlers(address, (socket) => {
    if (settle()) return handler.onConnect(socket);
    socket.abort();
    return IGNORE;
  });
  const dialled: BunHandlers = {
    ...accept,
    connectError: (_socket, error) => fail(reasonOf(error, "refused")),
  };
  bun.connect({ ...target(address), socket: dialled }).catch((error) =>
    fail(reasonOf(error, "refused"))
  );
}

const IGNORE: SocketHandler = { onData() {}, onDrain() {}, onClose() {} };

// --- listener ---

class BunAdapterListener implements Listener {
  readonly address: Address;
  readonly #listener: BunListener;

  constructor(listener: BunListener, asked: Address) {
    this.#listener = listener;
    this.address = "path" in asked
      ? asked
      : tcpAddress(asked.hostname, listener.port ?? asked.port);
  }

  renew(): void {
    renewNothing();
  }

  close(): void {
    this.#listener.stop(false);
  }
}

// --- socket ---

function handlers(address: Address, attach: (socket: Socket) => SocketHandler): BunHandlers {
  return {
    binaryType: "uint8array",
    open(socket) {
      socket.setNoDelay(true);
      socket.data = BunAdapterSocket.adopt(socket, address, attach);
    },
    data: (socket, chunk) => (socket.data as BunAdapterSocket | undefined)?.handleData(chunk),
    drain: (socket) => (socket.data as BunAdapterSocket | undefined)?.handleDrain(),
    end: (socket) => (socket.data as BunAdapterSocket | undefined)?.handleEnd(),
    close: (socket, error) => (socket.data as BunAdapterSocket | undefined)?.handleClose(error),
    error: (socket, error) => (socket.data as BunAdapterSocket | undefined)?.handleError(error),
  };
}

class BunAdapterSocket implements Socket {
  readonly remoteAddress: Address;
  readonly localAddress: Address;
  readonly descriptor: number | null;
  readonly peerCertificate = null;
  readonly #socket: BunSocket;
  #handler!: SocketHandler;
  #ending = false;
  #closed = false;
  #reason: CloseReason | null = null;
  /** What the kernel had no room for. */
  #kept: Uint8Array | null = null;
  #deadline: ReturnType<typeof setTimeout> | undefined;

  static adopt(
    socket: BunSocket,
    address: Address,
    attach: (socket: Socket) => SocketHandler,
  ): BunAdapterSocket {
    const adopted = new BunAdapterSocket(socket, address);
    adopted.#handler = attach(adopted);
    return adopted;
  }

  /** @param address Where it was listened, or what was dialled. */
  private constructor(socket: BunSocket, address: Address) {
    this.#socket = socket;
    const isUnix = "path" in address;
    this.remoteAddress = isUnix ? address : tcpAddress(socket.remoteAddress, socket.remotePort);
    this.localAddress = isUnix ? address : tcpAddress(socket.localAddress, socket.localPort);
    this.descriptor = typeof socket.fd === "number" && socket.fd >= 0 ? socket.fd : null;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#ending || this.#closed) return false;
    if (this.#kept !== null) throw new Error("Cannot write before the socket has drained");
    const count = this.#socket.write(bytes);
    if (count === bytes.length) return true;
    this.#kept = count > 0 ? bytes.subarray(count) : bytes;
    return false;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    if (this.#ending) return;
    this.#ending = true;
    this.#reason ??= { kind: "local", code: null };
    // Bun drops what it holds when it ends a socket: it is ended once the kernel has taken all.
    if (this.#kept === null) this.#endLater();
    else this.#deadline = setTimeout(() => this.#socket.terminate(), CLOSE_TIMEOUT_MS);
  }

  abort(): void {
    if (this.#closed) return;
    this.#ending = true;
    this.#reason ??= { kind: "local", code: null };
    // Bun calls back inside: not before the caller has returned.
    queueMicrotask(() => this.#closed || this.#socket.terminate());
  }

  handleData(chunk: Uint8Array): void {
    if (!this.#ending) guard(this, () => this.#handler.onData(chunk));
  }

  handleDrain(): void {
    const kept = this.#kept;
    if (kept === null || this.#closed) return;
    const count = this.#socket.write(kept);
    if (count < kept.length) {
      this.#kept = count > 0 ? kept.subarray(count) : kept;
      return;
    }
    this.#kept = null;
    if (this.#ending) this.#endLater();
    else guard(this, () => this.#handler.onDrain());
  }

  handleEnd(): void {
    this.#reason ??= { kind: "eof", code: null };
    // There is no half-open state: whoever has sent FIN is gone.
    if (!this.#ending) this.#endLater();
  }

  handleError(error: unknown): void {
    this.#reason ??= reasonOf(error, "reset");
  }

  handleClose(error: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ending = true;
    clearTimeout(this.#deadline);
    const reason = this.#reason ??
      (error === undefined || error === null
        ? { kind: "eof", code: null } as const
        : reasonOf(error, "reset"));
    this.#handler.onClose(reason);
  }

  #endLater(): void {
    queueMicrotask(() => this.#closed || this.#socket.end());
  }
}

// --- details ---

function target(address: Address): { hostname: string; port: number } | { unix: string } {
  return "path" in address
    ? { unix: address.path }
    : { hostname: address.hostname, port: address.port };
}
