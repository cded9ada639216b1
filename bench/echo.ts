/**
 * The bare framed echo: what anyone would write over the same sockets who needs nothing of what
 * freshlink does. A frame is a length of four bytes and the payload; answers come in order, so a
 * frame carries no number. All frames of one turn of the loop go out in one write.
 *
 * @module
 */

import type { Clock, Listener, Runtime, Socket, SocketHandler } from "../src/runtime/runtime.ts";

const HEADER_BYTES = 4;
const BUFFER_BYTES = 65_536;
const CONNECT_TIMEOUT_MS = 5_000;

/** Called for each frame: its payload is `bytes` from `start` to `end`, borrowed. */
type OnFrame = (bytes: Uint8Array, start: number, end: number) => void;

/** Collects the frames of a turn and writes them at its end. */
class FrameWriter {
  readonly #socket: Socket;
  readonly #clock: Clock;
  readonly #flushBound = () => this.#flush();
  #bytes = new Uint8Array(BUFFER_BYTES);
  #used = 0;
  #scheduled = false;
  #blocked = false;

  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
  }

  add(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const at = this.#used;
    this.#used = at + HEADER_BYTES + length;
    if (this.#used > this.#bytes.length) this.#grow(at);
    const target = this.#bytes;
    target[at] = length >>> 24;
    target[at + 1] = length >>> 16;
    target[at + 2] = length >>> 8;
    target[at + 3] = length;
    target.set(bytes.subarray(start, end), at + HEADER_BYTES);
    if (this.#scheduled || this.#blocked) return;
    this.#scheduled = true;
    this.#clock.defer(this.#flushBound);
  }

  drained(): void {
    this.#blocked = false;
    if (!this.#scheduled) this.#flush();
  }

  #grow(used: number): void {
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#used));
    larger.set(this.#bytes.subarray(0, used));
    this.#bytes = larger;
  }

  #flush(): void {
    this.#scheduled = false;
    if (this.#used === 0) return;
    const bytes = this.#bytes;
    const count = this.#used;
    this.#used = 0;
    if (this.#socket.write(bytes.subarray(0, count))) return;
    // The socket keeps these bytes until it has drained.
    this.#blocked = true;
    this.#bytes = new Uint8Array(bytes.length);
  }
}

/** Finds frames in chunks, however they were cut. */
class FrameReader {
  readonly #onFrame: OnFrame;
  #rest = new Uint8Array(BUFFER_BYTES);
  #held = 0;

  constructor(onFrame: OnFrame) {
    this.#onFrame = onFrame;
  }

  read(chunk: Uint8Array): void {
    if (this.#held === 0) {
      this.#keep(chunk, this.#scan(chunk, chunk.length));
      return;
    }
    const count = this.#held + chunk.length;
    if (count > this.#rest.length) {
      const larger = new Uint8Array(Math.max(this.#rest.length * 2, count));
      larger.set(this.#rest.subarray(0, this.#held));
      this.#rest = larger;
    }
    this.#rest.set(chunk, this.#held);
    this.#held = count;
    const done = this.#scan(this.#rest, count);
    if (done > 0) this.#rest.copyWithin(0, done, count);
    this.#held = count - done;
  }

  /** @returns How many bytes whole frames took. */
  #scan(bytes: Uint8Array, count: number): number {
    let at = 0;
    while (at + HEADER_BYTES <= count) {
      const length = readUint32(bytes, at);
      const end = at + HEADER_BYTES + length;
      if (end > count) break;
      this.#onFrame(bytes, at + HEADER_BYTES, end);
      at = end;
    }
    return at;
  }

  #keep(chunk: Uint8Array, from: number): void {
    const count = chunk.length - from;
    if (count > this.#rest.length) this.#rest = new Uint8Array(count * 2);
    if (count > 0) this.#rest.set(chunk.subarray(from));
    this.#held = count;
  }
}

/** A number of four bytes, the most significant first. */
export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>>
    0;
}

/** Writes a number of four bytes, the most significant first. */
export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** The server's side: sends back every frame. */
export class EchoServer {
  /** Where it listens on loopback. */
  readonly port: number;
  /** Frames sent back. */
  echoed = 0;
  /** Sockets that are open. */
  open = 0;

  /** Listens on a port that the kernel chooses. */
  static async start(runtime: Runtime): Promise<EchoServer> {
    let server: EchoServer | null = null;
    const listener = await runtime.listen(
      { hostname: "127.0.0.1", port: 0 },
      {},
      (socket) => server!.#accept(socket, runtime.clock),
    );
    server = new EchoServer(listener);
    return server;
  }

  private constructor(listener: Listener) {
    this.port = "port" in listener.address ? listener.address.port : 0;
  }

  #accept(socket: Socket, clock: Clock): SocketHandler {
    this.open++;
    // Made when the first bytes come, so that an idle socket costs what a bare one has to.
    let writer: FrameWriter | null = null;
    let reader: FrameReader | null = null;
    return {
      onData: (chunk) => {
        const out = writer ??= new FrameWriter(socket, clock);
        reader ??= new FrameReader((bytes, start, end) => {
          this.echoed++;
          out.add(bytes, start, end);
        });
        reader.read(chunk);
      },
      onDrain: () => writer?.drained(),
      onClose: () => {
        this.open--;
      },
    };
  }
}

/** The client's side: one connection. */
export class EchoClient {
  readonly #socket: Socket;
  readonly #writer: FrameWriter;
  /** Called for each frame that comes back. */
  onFrame: OnFrame = () => {};
  /** Called when the connection has ended. */
  onClose: (reason: string) => void = () => {};

  /** Dials the server on loopback. */
  static connect(runtime: Runtime, port: number): Promise<EchoClient> {
    return new Promise((resolve, reject) =>
      runtime.connect({ hostname: "127.0.0.1", port }, { timeoutMs: CONNECT_TIMEOUT_MS }, {
        onConnect: (socket) => {
          const client = new EchoClient(socket, runtime.clock);
          const reader = new FrameReader((bytes, start, end) => client.onFrame(bytes, start, end));
          resolve(client);
          return {
            onData: (chunk) => reader.read(chunk),
            onDrain: () => client.#writer.drained(),
            onClose: ({ kind }) => client.onClose(kind),
          };
        },
        onConnectError: ({ kind, code }) =>
          reject(new Error(`Cannot connect to 127.0.0.1:${port}: ${kind} ${code ?? ""}`)),
      })
    );
  }

  private constructor(socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#writer = new FrameWriter(socket, clock);
  }

  /** Ends the connection at once. */
  close(): void {
    this.#socket.abort();
  }

  /** Sends a frame at the end of this turn. */
  send(payload: Uint8Array): void {
    this.#writer.add(payload, 0, payload.length);
  }
}
