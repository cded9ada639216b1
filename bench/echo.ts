/**
 * The bare framed echo: what anyone would write over the same sockets who needs nothing of what
 * freshlink does. Answers come in order, so a frame carries no number; no promise, and no copy but
 * into what is written.
 *
 * @module
 */

import type { Clock, Listener, Runtime, Socket, SocketHandler } from "../src/runtime/runtime.ts";
import { FrameReader, FrameWriter, type OnFrame } from "./frames.ts";

const CONNECT_TIMEOUT_MS = 5_000;

/** What the server does with a frame before it goes back. */
export type EchoMode = "bytes" | "json";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** The server's side: sends back every frame. */
export class EchoServer {
  /** Where it listens on loopback. */
  readonly port: number;
  /** Frames sent back. */
  echoed = 0;
  /** Sockets that are open. */
  open = 0;

  /** Listens on a port that the kernel chooses. @param mode `json`: each frame is parsed. */
  static async start(runtime: Runtime, mode: EchoMode): Promise<EchoServer> {
    let server: EchoServer | null = null;
    const listener = await runtime.listen(
      { hostname: "127.0.0.1", port: 0 },
      {},
      (socket) => server!.#accept(socket, runtime.clock, mode),
    );
    server = new EchoServer(listener);
    return server;
  }

  private constructor(listener: Listener) {
    this.port = "port" in listener.address ? listener.address.port : 0;
  }

  #accept(socket: Socket, clock: Clock, mode: EchoMode): SocketHandler {
    this.open++;
    // Made when the first bytes come, so that an idle socket costs what a bare one has to.
    let writer: FrameWriter | null = null;
    let reader: FrameReader | null = null;
    return {
      onData: (chunk) => {
        const out = writer ??= new FrameWriter(socket, clock);
        reader ??= new FrameReader((bytes, start, end) => {
          this.echoed++;
          if (mode === "bytes") {
            out.add(bytes, start, end);
            return;
          }
          const value: unknown = JSON.parse(decoder.decode(bytes.subarray(start, end)));
          const answer = encoder.encode(JSON.stringify(value));
          out.add(answer, 0, answer.length);
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
