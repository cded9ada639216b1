/**
 * The socket contract: what freshlink asks of a runtime, and all it asks.
 *
 * A `Runtime` is `listen`, `connect`, `clock`, `random`, `copy`, `allocate` and `loadChannel`. Three
 * adapters implement it over real sockets (Deno, Bun, Node), and the simulator implements it over
 * nothing but a seed. Whatever is above this file sees only this file: it asks a socket what it can
 * do, never which runtime it is. Whatever implements it carries bytes and cannot know the protocol. A
 * fourth runtime can be written from this page alone; `tests/conformance` is the same text as a
 * program.
 *
 * Three rules hold for every callback:
 *
 * 1. No callback runs inside a call of `listen`, `connect`, `write`, `pause`, `resume`, `close` or
 *    `abort`. Where the runtime calls back at once, the adapter defers it.
 * 2. After `onClose` no callback of that socket runs again.
 * 3. A callback that throws is a defect of the caller: the adapter lets the error reach the
 *    runtime's own report of uncaught errors and aborts that socket; no other socket is harmed.
 *
 * With TLS a dialled socket is told when it is verified. An accepted one is handed over at once,
 * before its TLS handshake, so that its owner can end whoever never begins. Until it is verified
 * its `peerCertificate` is `null`, nothing is told but `onClose` (`tls` where the handshake
 * failed), `write` sends nothing and returns `false` without an `onDrain` to follow, and `close` is
 * `abort`. The first `onData` comes after that. Nobody is verified without a certificate that one
 * of the given authorities has signed.
 *
 * @module
 */

/** A place on a network: an address and a TCP port. */
export interface TcpAddress {
  /** A host name or a literal IPv4 or IPv6 address without brackets; `::ffff:` is stripped. */
  readonly hostname: string;
  /** The TCP port, 0 to 65535. 0 lets the kernel choose where listening. */
  readonly port: number;
}

/** A place in the file system: a Unix domain socket. */
export interface UnixAddress {
  /** The path of the socket; an abstract name starts with a NUL character. */
  readonly path: string;
}

/** Where one listens, or whom one dials. */
export type Address = TcpAddress | UnixAddress;

/** What ended a socket, or kept it from being opened. */
export type CloseKind =
  /** The other end sent FIN: everything it wrote before was delivered. */
  | "eof"
  /** The other end sent RST, or the kernel gave the connection up. */
  | "reset"
  /** The kernel's or the adapter's own time ran out. */
  | "timeout"
  /** Nobody listens there, or there is no way to it. */
  | "refused"
  /** The host name has no address, or the resolver does not know. */
  | "unresolved"
  /** This process may not: a permission, or a rule of its own machine. */
  | "denied"
  /** The TLS handshake failed or a certificate was not accepted. */
  | "tls"
  /** This end closed or aborted it, or its signal did. */
  | "local";

/** Why a socket is closed. */
export interface CloseReason {
  /** The coarse cause; program logic uses this one. */
  readonly kind: CloseKind;
  /**
   * The runtime's errno string (`ECONNRESET`, ...), `NotCapable` where Deno has no permission, or
   * `null` where there is none. For people.
   */
  readonly code: string | null;
}

/** What the certificate of the other end says, where TLS has checked it. */
export interface PeerCertificate {
  /**
   * The DNS, IP and URI alternative names, in this order, each as its own field holds it; where the
   * certificate has no alternative names, its one common name (see `certificateNames`).
   */
  readonly names: readonly string[];
  /** The SHA-256 fingerprint: 32 bytes in upper-case hexadecimal, with colons. */
  readonly fingerprint: string;
}

/** Key material in PEM form. Both ends present a certificate and check the other's; TLS 1.3. */
export interface TlsOptions {
  /** The certificate chain, PEM. */
  readonly certificate: string;
  /** The private key, PEM. */
  readonly privateKey: string;
  /** The authorities that may have signed the other end's certificate, PEM. */
  readonly authorities: string;
  /**
   * A name that every dialled certificate must carry. By default that is the name of the peer that
   * is dialled, and where it has none, the dialled host.
   */
  readonly serverName?: string;
}

/** Options of `Runtime.listen`. */
export interface ListenOptions {
  /** TLS with a client certificate demanded and verified; plain TCP when absent. */
  readonly tls?: TlsOptions;
}

/** Options of `Runtime.connect`. */
export interface ConnectOptions {
  /** Gives a pending dial up: `onConnectError` follows with `local`. No effect once open. */
  readonly signal?: AbortSignal;
  /** Gives a pending dial up after so many milliseconds: `onConnectError` with `timeout`. */
  readonly timeoutMs: number;
  /** TLS with a client certificate; plain TCP when absent. */
  readonly tls?: TlsOptions;
}

/** What a socket tells its owner. */
export interface SocketHandler {
  /**
   * Bytes arrived, in order and without gaps.
   *
   * @param chunk A plain `Uint8Array`, borrowed: valid until this call returns, then the adapter may overwrite it.
   */
  onData(chunk: Uint8Array): void;
  /** The bytes kept by a `write` that returned `false` are taken; one may write again. */
  onDrain(): void;
  /** The socket is gone. Exactly once, and the last call. */
  onClose(reason: CloseReason): void;
}

/** What a dial tells its owner: exactly one of the two, exactly once. */
export interface ConnectHandler {
  /** The socket is open (with TLS: verified). Returns who handles it from now on. */
  onConnect(socket: Socket): SocketHandler;
  /** There is no socket and will be none. */
  onConnectError(reason: CloseReason): void;
}

/** A byte pipe to another process: TCP with `TCP_NODELAY`, a Unix socket, TLS, or a simulated one. */
export interface Socket {
  /** The other end, as the kernel tells it. */
  readonly remoteAddress: Address;
  /** This end, as the kernel tells it. */
  readonly localAddress: Address;
  /** The file descriptor where the runtime tells it (Node, Bun), else `null`. */
  readonly descriptor: number | null;
  /** What the verified certificate of the other end says; `null` without TLS, and before it. */
  readonly peerCertificate: PeerCertificate | null;

  /**
   * Sends bytes.
   *
   * @param bytes Any length above 0. Partial writes are hidden.
   * @returns `true`: taken whole, the buffer is free again. `false`: the adapter keeps the buffer,
   * which must not change, and there must be no other write until `onDrain`. On a socket that is
   * closing or closed: `false`, nothing is sent, and no `onDrain` follows.
   * @throws {Error} When a write was refused room and `onDrain` has not come (caused by the caller).
   */
  write(bytes: Uint8Array): boolean;

  /** Stops `onData` until `resume`; what has arrived already may still be delivered this turn. */
  pause(): void;
  /** Undoes `pause`. */
  resume(): void;

  /**
   * Sends what is held, then FIN; destroyed at the latest `CLOSE_TIMEOUT_MS` later. Nothing more is
   * delivered to `onData`. `onClose` follows with `local`, or with what happened first. Idempotent.
   */
  close(): void;
  /** Ends it at once, with RST where the runtime can. `onClose` follows with `local`. Idempotent. */
  abort(): void;
}

/** A place where sockets arrive. */
export interface Listener {
  /** Where it really listens (the port that the kernel chose). */
  readonly address: Address;
  /**
   * Whoever dials from now on is shown this certificate and is checked by these authorities;
   * accepted sockets stay as they are.
   *
   * @throws {Error} When it listens without TLS, or these cannot be used; nothing has changed.
   */
  renew(tls: TlsOptions): void;
  /** Accepts no more; accepted sockets stay open. Idempotent. */
  close(): void;
}

/** An armed timer. */
export type TimerHandle = number | object;

/** Time as the runtime has it. */
export interface Clock {
  /** Monotonic milliseconds with a fraction; the origin means nothing. Never decreases. */
  nowMs(): number;
  /** The wall clock: whole microseconds since 1970. May step back. */
  wallMicros(): number;
  /** Calls back once, not before `delayMs` milliseconds have passed. */
  setTimer(delayMs: number, callback: () => void): TimerHandle;
  /** Disarms; without effect on one that has fired. */
  clearTimer(handle: TimerHandle): void;
  /** Calls back when the running callback has returned, before any other event is handled. */
  defer(callback: () => void): void;
}

/** Randomness as the runtime has it. */
export interface Random {
  /** Bytes that nobody can guess (in the simulator: that the seed decides). */
  bytes(count: number): Uint8Array;
  /** A number from 0 (included) to 1 (excluded); not for secrets. */
  float(): number;
}

/** The ciphers of the channel, as a Noise protocol name spells them. */
export type CipherName = "AESGCM" | "ChaChaPoly";

/** A cipher with its key. */
export interface Aead {
  /** Writes the ciphertext of `plaintext` and its tag of 16 bytes to `target`, from `offset` on. */
  seal(
    nonce: Uint8Array,
    associated: Uint8Array,
    plaintext: Uint8Array,
    target: Uint8Array,
    offset: number,
  ): void;
  /** The plaintext of ciphertext and tag; `null` when the tag is not right. */
  open(nonce: Uint8Array, associated: Uint8Array, sealed: Uint8Array): Uint8Array | null;
}

/** A key pair of X25519. */
export interface KeyPair {
  /** 32 bytes. */
  readonly publicKey: Uint8Array;
  /** The secret that both share; `null` for a public key that nobody's private key belongs to. */
  agree(publicKey: Uint8Array): Uint8Array | null;
}

/** What protects the bytes of a connection is made of. */
export interface ChannelPrimitives {
  /** The one that this runtime does best; it understands both. */
  readonly preferredCipher: CipherName;
  /** The key pair of a private key: any 32 bytes that nobody can guess. */
  keyPair(privateKey: Uint8Array): KeyPair;
  /** A cipher with a key of 32 bytes. */
  aead(cipher: CipherName, key: Uint8Array): Aead;
  /** SHA-256 over the parts, one after the other. */
  sha256(...parts: readonly Uint8Array[]): Uint8Array;
  /** HMAC-SHA-256 over the parts, one after the other. */
  hmacSha256(key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array;
  /** A key of 32 bytes out of a secret that somebody thought of, made slow to guess (scrypt). */
  stretch(secret: Uint8Array): Promise<Uint8Array>;
}

/** Copies a range of bytes. What it returns may share its `buffer` with other copies. */
export type CopyBytes = (bytes: Uint8Array, start: number, end: number) => Uint8Array;

/**
 * Makes memory of so many bytes, whatever stands in it: a plain `Uint8Array` over a whole `buffer`
 * that nobody else has.
 */
export type Allocate = (bytes: number) => Uint8Array;

/** How long `close` may take to deliver what is held, in milliseconds, before it aborts. */
export const CLOSE_TIMEOUT_MS = 2_000;

/** A runtime: sockets, time, randomness and memory. See the head of this file for the rules. */
export interface Runtime {
  /** For people and reports (`deno`, `bun`, `node`, `simulator`); never to decide by. */
  readonly name: string;
  /** Time. */
  readonly clock: Clock;
  /** Randomness. */
  readonly random: Random;
  /** How received bytes are copied for the application. */
  readonly copy: CopyBytes;
  /** Memory for a large payload, all of which is overwritten. */
  readonly allocate: Allocate;

  /** Loads the channel's cryptography: once, when something starts that protects its connections. */
  loadChannel(): Promise<ChannelPrimitives>;

  /**
   * Listens.
   *
   * @param onSocket Called for every accepted socket (with TLS: before it is verified); returns its
   * handler.
   * @returns The listener, once the kernel has bound it.
   * @throws {Error} With the runtime's errno string in `code`, for instance `EADDRINUSE`.
   */
  listen(
    address: Address,
    options: ListenOptions,
    onSocket: (socket: Socket) => SocketHandler,
  ): Promise<Listener>;

  /**
   * Dials. Calls back, and is no promise, so that a simulated dial needs no turn of a real loop.
   *
   * @throws {RangeError} When `timeoutMs` is not a positive finite number (caused by the caller).
   */
  connect(address: Address, options: ConnectOptions, handler: ConnectHandler): void;
}
