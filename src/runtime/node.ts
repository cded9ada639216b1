/**
 * The adapter for Node, over `node:net`; and TLS for all three runtimes, over `node:tls`
 * (`node_tls.ts` has what is particular to it).
 *
 * https://nodejs.org/api/net.html, https://nodejs.org/api/tls.html
 *
 * @module
 */

import { Buffer } from "node:buffer";
import * as net from "node:net";
import * as tls from "node:tls";
import { errnoOf, reasonOf } from "./errno.ts";
import { newSlabCopy } from "./copy.ts";
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
  acceptedAs,
  certificateOf,
  clientOptions,
  handshakeReason,
  serverOptions,
  wantedName,
  WRONG_NAME,
} from "./node_tls.ts";
import {
  type Address,
  CLOSE_TIMEOUT_MS,
  type CloseReason,
  type ConnectHandler,
  type ConnectOptions,
  type Listener,
  type ListenOptions,
  type PeerCertificate,
  type Runtime,
  type Socket,
  type SocketHandler,
  type TlsOptions,
} from "./runtime.ts";

// --- adapter ---

/** V8 keeps arrays up to this size on its heap, where making one is cheap. */
const ON_HEAP_MAX_BYTES = 64;

/** Node's runtime. */
export function newRuntime(): Runtime {
  return {
    name: "node",
    clock: hostClock,
    random: hostRandom,
    copy: newSlabCopy(ON_HEAP_MAX_BYTES),
    // Zeros would cost as much again as what overwrites them; "slow" is not out of Node's own pool.
    allocate: (bytes) => new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer, 0, bytes),
    loadChannel: () => loadChannel("AESGCM"),
    listen: listenNode,
    connect: connectNode,
  };
}

/** Listens through `node:net` or `node:tls`. Deno and Bun use it for TLS. */
export function listenNode(
  address: Address,
  options: ListenOptions,
  onSocket: (socket: Socket) => SocketHandler,
): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const server = options.tls === undefined
      ? net.createServer({ noDelay: true }, (socket) => {
        NodeSocket.adopt(socket, address, onSocket);
      })
      : listenSecurely(serverOptions(options.tls), address, onSocket);
    server.once("error", reject);
    const listening = () => {
      server.off("error", reject);
      server.on("error", () => {});
      resolve(new NodeListener(server, address));
    };
    if ("path" in address) server.listen({ path: address.path }, listening);
    else server.listen({ host: address.hostname, port: address.port }, listening);
  });
}

/** Dials through `node:net` or `node:tls`. Deno and Bun use it for TLS. */
export function connectNode(
  address: Address,
  options: ConnectOptions,
  handler: ConnectHandler,
): void {
  checkTimeout(options.timeoutMs);
  const { signal } = options;
  const target = "path" in address
    ? { path: address.path }
    : { host: address.hostname, port: address.port };
  let socket: net.Socket;
  try {
    socket = options.tls === undefined
      ? net.connect({ ...target, noDelay: true })
      : tls.connect({ ...target, ...clientOptions(options.tls, address) });
  } catch (error) {
    // A certificate or key that cannot be used.
    const reason: CloseReason = { kind: "tls", code: errnoOf(error) };
    queueMicrotask(() => handler.onConnectError(reason));
    return;
  }
  let settled = false;
  const settle = (): boolean => {
    if (settled) return false;
    settled = true;
    clearTimeout(timer);
    signal?.removeEventListener("abort", aborted);
    // No other listener is touched: runtimes have some of their own.
    socket.off("error", failed);
    socket.off("close", lost);
    return true;
  };
  const fail = (reason: CloseReason) => {
    if (!settle()) return;
    socket.on("error", () => {});
    socket.destroy();
    queueMicrotask(() => handler.onConnectError(reason));
  };
  const wanted = options.tls === undefined ? null : wantedName(options.tls, address);
  const aborted = () => fail({ kind: "local", code: null });
  const timer = setTimeout(() => fail({ kind: "timeout", code: null }), options.timeoutMs);
  const failed = (error: Error) => fail(reasonOf(error, options.tls ? "tls" : "refused"));
  const lost = () => fail({ kind: "reset", code: null });
  socket.on("error", failed);
  socket.on("close", lost);
  socket.once(options.tls === undefined ? "connect" : "secureConnect", () => {
    // Asked for once: on Node a dialled socket tells it no second time.
    const certificate = certificateOf(socket);
    if (wanted !== null && !certificate?.names.includes(wanted)) {
      fail({ kind: "tls", code: WRONG_NAME });
    } else if (settle()) {
      NodeSocket.adopt(socket, address, (adopted) => handler.onConnect(adopted), certificate);
    }
  });
  if (signal?.aborted) aborted();
  else signal?.addEventListener("abort", aborted);
}

// --- listener ---

class NodeListener implements Listener {
  readonly address: Address;
  readonly #server: net.Server;

  constructor(server: net.Server, asked: Address) {
    this.#server = server;
    const bound = server.address();
    this.address = typeof bound === "object" && bound !== null
      ? tcpAddress(bound.address, bound.port)
      : asked;
  }

  renew(options: TlsOptions): void {
    if (!(this.#server instanceof tls.Server)) renewNothing();
    else this.#server.setSecureContext(serverOptions(options));
  }

  close(): void {
    this.#server.close();
  }
}

/**
 * With TLS an accepted socket is handed over at once, so that its owner can end one that never
 * begins: `node:tls` tells of it only when it has been verified.
 */
function listenSecurely(
  options: tls.TlsOptions,
  address: Address,
  onSocket: (socket: Socket) => SocketHandler,
): tls.Server {
  const server = tls.createServer(options);
  const awaited = new Map<net.Socket, NodeSocket>();
  server.on("connection", (raw: net.Socket) => {
    const socket = NodeSocket.await(raw, address, onSocket);
    awaited.set(raw, socket);
    raw.once("close", () => {
      // Why it is closed is told a moment later.
      setTimeout(() => {
        if (awaited.delete(raw)) socket.fail({ kind: "reset", code: null });
      }, REASON_DELAY_MS);
    });
  });
  server.on("secureConnection", (secure) => {
    const raw = acceptedAs(secure, awaited);
    const socket = awaited.get(raw);
    awaited.delete(raw);
    const certificate = certificateOf(secure);
    if (socket === undefined || certificate === null || !secure.authorized) secure.destroy();
    else socket.verify(secure, certificate);
  });
  server.on("tlsClientError", (error, secure) => {
    const raw = acceptedAs(secure, awaited);
    const socket = awaited.get(raw);
    awaited.delete(raw);
    socket?.fail(handshakeReason(error, secure));
    secure.destroy();
  });
  return server;
}

/** How long after the end of a socket `node:tls` may take to say what was wrong with it. */
const REASON_DELAY_MS = 50;

// --- socket ---

/**
 * Up to here TLS copies what it is given, so that the caller need not wait for the cipher: it never
 * has taken anything when `write` returns.
 */
const COPY_MAX_BYTES = 65_536;

class NodeSocket implements Socket {
  readonly remoteAddress: Address;
  readonly localAddress: Address;
  readonly descriptor: number | null;
  peerCertificate: PeerCertificate | null = null;
  #socket: net.Socket;
  #handler!: SocketHandler;
  /** TLS has verified it, or there is no TLS. */
  #isVerified = true;
  /** Nothing is delivered but `onClose`. */
  #ending = false;
  #closed = false;
  #aborted = false;
  #mustDrain = false;
  #reason: CloseReason | null = null;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  /** Writes that are not done. */
  #writes = 0;
  readonly #written = (error?: unknown) => {
    if (error) return;
    if (--this.#writes > 0 || !this.#mustDrain || this.#ending) return;
    this.#mustDrain = false;
    guard(this, () => this.#handler.onDrain());
  };

  /** A socket that carries bytes from now on. */
  static adopt(
    socket: net.Socket,
    address: Address,
    attach: (socket: Socket) => SocketHandler,
    certificate: PeerCertificate | null = null,
  ): void {
    const adopted = new NodeSocket(socket, address);
    adopted.#open(socket, certificate);
    adopted.#handler = attach(adopted);
  }

  /** A socket whose TLS handshake is still to come. */
  static await(
    socket: net.Socket,
    address: Address,
    attach: (socket: Socket) => SocketHandler,
  ): NodeSocket {
    const awaited = new NodeSocket(socket, address);
    awaited.#isVerified = false;
    awaited.#handler = attach(awaited);
    return awaited;
  }

  /** @param address Where it was listened, or what was dialled. */
  private constructor(socket: net.Socket, address: Address) {
    this.#socket = socket;
    const isUnix = "path" in address;
    this.remoteAddress = isUnix ? address : tcpAddress(socket.remoteAddress, socket.remotePort);
    this.localAddress = isUnix ? address : tcpAddress(socket.localAddress, socket.localPort);
    this.descriptor = descriptorOf(socket);
  }

  /** The TLS handshake is done: the socket carries bytes from now on. */
  verify(socket: tls.TLSSocket, certificate: PeerCertificate): void {
    this.#isVerified = true;
    if (this.#closed) socket.destroy();
    else this.#open(socket, certificate);
  }

  /** The TLS handshake has failed. */
  fail(reason: CloseReason): void {
    this.#reason ??= reason;
    this.#finish();
  }

  #open(socket: net.Socket, certificate: PeerCertificate | null): void {
    this.#socket = socket;
    this.peerCertificate = certificate;
    socket.on("data", ({ buffer, byteOffset, length }: Uint8Array) => {
      if (this.#ending) return;
      // A Buffer's `slice` is a view: whoever keeps a payload would keep all that came with it.
      const chunk = new Uint8Array(buffer, byteOffset, length);
      guard(this, () => this.#handler.onData(chunk));
    });
    socket.on("error", (error) => {
      this.#reason ??= reasonOf(error, "reset");
    });
    // There is no half-open state: whoever has sent FIN is gone.
    socket.on("end", () => {
      this.#reason ??= { kind: "eof", code: null };
      if (!this.#ending) socket.destroy();
    });
    socket.on("close", () => this.#finish());
  }

  write(bytes: Uint8Array): boolean {
    if (this.#ending || this.#closed || !this.#isVerified) return false;
    if (this.#mustDrain) throw new Error("Cannot write before the socket has drained");
    const socket = this.#socket;
    this.#writes++;
    if (this.peerCertificate !== null && socket.writableLength + bytes.length <= COPY_MAX_BYTES) {
      socket.write(bytes.slice(), this.#written);
      return true;
    }
    socket.write(bytes, this.#written);
    // What the kernel took at once is free; what Node holds stays ours until it is written.
    if (socket.writableLength === 0) return true;
    this.#mustDrain = true;
    return false;
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  close(): void {
    if (!this.#isVerified) this.abort();
    if (this.#ending) return;
    this.#ending = true;
    this.#reason ??= { kind: "local", code: null };
    this.#deadline = setTimeout(() => this.#socket.destroy(), CLOSE_TIMEOUT_MS);
    this.#socket.resume();
    this.#socket.end(() => this.#socket.destroy());
  }

  abort(): void {
    if (this.#aborted || this.#closed) return;
    this.#aborted = true;
    // Neither TLS, nor a Unix socket, nor one whose FIN is on its way can be reset.
    const canReset = !this.#ending && !(this.#socket instanceof tls.TLSSocket) &&
      !("path" in this.remoteAddress);
    this.#ending = true;
    this.#reason ??= { kind: "local", code: null };
    if (canReset) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  #finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ending = true;
    clearTimeout(this.#deadline);
    this.#handler.onClose(this.#reason ?? { kind: "reset", code: null });
  }
}

// --- details ---

function descriptorOf(socket: net.Socket): number | null {
  const handle = (socket as unknown as { _handle?: { fd?: unknown } | null })._handle;
  return typeof handle?.fd === "number" && handle.fd >= 0 ? handle.fd : null;
}
