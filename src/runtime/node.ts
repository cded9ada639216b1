/**
 * The adapter for Node, over `node:net`; and TLS for all three runtimes, over `node:tls`.
 *
 * https://nodejs.org/api/net.html, https://nodejs.org/api/tls.html
 *
 * @module
 */

import * as net from "node:net";
import * as tls from "node:tls";
import { reasonOf } from "./errno.ts";
import { newSlabCopy } from "./copy.ts";
import { pureHash } from "./hash.ts";
import { checkTimeout, hostClock, hostRandom, loadChannel, tcpAddress } from "./host.ts";
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
    hash: pureHash,
    copy: newSlabCopy(ON_HEAP_MAX_BYTES),
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
  const accept = (socket: net.Socket) => NodeSocket.adopt(socket, address, onSocket);
  const server = options.tls === undefined
    ? net.createServer({ noDelay: true }, accept)
    : tls.createServer(serverOptions(options.tls), accept);
  // A client that fails the TLS handshake is no error of the listener.
  server.on("tlsClientError", () => {});
  return new Promise((resolve, reject) => {
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
  const socket = options.tls === undefined
    ? net.connect({ ...target, noDelay: true })
    : tls.connect({ ...target, ...clientOptions(options.tls, address) });
  let settled = false;
  const settle = (): boolean => {
    if (settled) return false;
    settled = true;
    clearTimeout(timer);
    signal?.removeEventListener("abort", aborted);
    return true;
  };
  const fail = (reason: CloseReason) => {
    if (!settle()) return;
    socket.on("error", () => {});
    socket.destroy();
    queueMicrotask(() => handler.onConnectError(reason));
  };
  const aborted = () => fail({ kind: "local", code: null });
  const timer = setTimeout(() => fail({ kind: "timeout", code: null }), options.timeoutMs);
  socket.once("error", (error) => fail(reasonOf(error, options.tls ? "tls" : "refused")));
  socket.once("close", () => fail({ kind: "reset", code: null }));
  socket.once(options.tls === undefined ? "connect" : "secureConnect", () => {
    if (settle()) NodeSocket.adopt(socket, address, (adopted) => handler.onConnect(adopted));
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

  close(): void {
    this.#server.close();
  }
}

// --- socket ---

class NodeSocket implements Socket {
  readonly remoteAddress: Address;
  readonly localAddress: Address;
  readonly descriptor: number | null;
  readonly peerCertificate: PeerCertificate | null;
  readonly #socket: net.Socket;
  #handler!: SocketHandler;
  /** Nothing is delivered but `onClose`. */
  #ending = false;
  #closed = false;
  #aborted = false;
  #mustDrain = false;
  #reason: CloseReason | null = null;
  #deadline: ReturnType<typeof setTimeout> | undefined;

  static adopt(
    socket: net.Socket,
    address: Address,
    attach: (socket: Socket) => SocketHandler,
  ): void {
    const adopted = new NodeSocket(socket, address);
    adopted.#handler = attach(adopted);
  }

  /** @param address Where it was listened, or what was dialled. */
  private constructor(socket: net.Socket, address: Address) {
    this.#socket = socket;
    const isUnix = "path" in address;
    this.remoteAddress = isUnix ? address : tcpAddress(socket.remoteAddress, socket.remotePort);
    this.localAddress = isUnix ? address : tcpAddress(socket.localAddress, socket.localPort);
    this.descriptor = descriptorOf(socket);
    this.peerCertificate = certificateOf(socket);
    socket.removeAllListeners("close");
    socket.removeAllListeners("error");
    socket.on("data", ({ buffer, byteOffset, length }: Uint8Array) => {
      if (this.#ending) return;
      // A Buffer's `slice` is a view: whoever keeps a payload would keep all that came with it.
      const chunk = new Uint8Array(buffer, byteOffset, length);
      this.#guard(() => this.#handler.onData(chunk));
    });
    socket.on("drain", () => {
      if (!this.#mustDrain || this.#ending) return;
      this.#mustDrain = false;
      this.#guard(() => this.#handler.onDrain());
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
    if (this.#ending || this.#closed) return false;
    if (this.#mustDrain) throw new Error("Cannot write before the socket has drained");
    const socket = this.#socket;
    socket.write(bytes);
    // What the kernel took at once is free; what Node holds stays ours until `drain`.
    if (socket.writableLength === 0) return true;
    this.#mustDrain = true;
    if (!socket.writableNeedDrain) this.#drainSmall();
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

  /** Node drains below its high-water mark without a word: an empty write tells when. */
  #drainSmall(): void {
    this.#socket.write(NOTHING, () => {
      if (!this.#mustDrain || this.#ending) return;
      this.#mustDrain = false;
      this.#guard(() => this.#handler.onDrain());
    });
  }

  /** What a callback throws is reported as uncaught, and ends this socket only. */
  #guard(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.abort();
      queueMicrotask(() => {
        throw error;
      });
    }
  }

  #finish(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#ending = true;
    clearTimeout(this.#deadline);
    this.#handler.onClose(this.#reason ?? { kind: "reset", code: null });
  }
}

const NOTHING = new Uint8Array(0);

// --- details ---

function descriptorOf(socket: net.Socket): number | null {
  const handle = (socket as unknown as { _handle?: { fd?: unknown } | null })._handle;
  return typeof handle?.fd === "number" && handle.fd >= 0 ? handle.fd : null;
}

function certificateOf(socket: net.Socket): PeerCertificate | null {
  if (!(socket instanceof tls.TLSSocket)) return null;
  const certificate = socket.getPeerCertificate();
  if (certificate === null || certificate.subject === undefined) return null;
  const common = certificate.subject.CN;
  const alternative = (certificate.subjectaltname ?? "").split(", ").flatMap((entry) => {
    const at = entry.indexOf(":");
    return at < 0 ? [] : [entry.slice(at + 1)];
  });
  const names = [...(common === undefined ? [] : [common].flat()), ...alternative];
  return { names, fingerprint: certificate.fingerprint256 };
}

function serverOptions(options: TlsOptions): tls.TlsOptions {
  return {
    cert: options.certificate,
    key: options.privateKey,
    ca: options.authorities,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.3",
    noDelay: true,
  };
}

function clientOptions(options: TlsOptions, address: Address): tls.ConnectionOptions {
  const host = "path" in address ? "localhost" : address.hostname;
  const servername = options.serverName ?? host;
  return {
    cert: options.certificate,
    key: options.privateKey,
    ca: options.authorities,
    rejectUnauthorized: true,
    minVersion: "TLSv1.3",
    ...(net.isIP(servername) === 0 ? { servername } : {}),
    ...(options.serverName === undefined ? {} : {
      checkServerIdentity: (_host: string, certificate: tls.PeerCertificate) =>
        tls.checkServerIdentity(servername, certificate),
    }),
  };
}
