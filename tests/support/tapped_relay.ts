/**
 * Somebody on the path: a port that leads to another port, reads all that passes and changes it.
 */

/** One connection that passes, and one direction of it. */
export interface Passage {
  /** Counts the connections from 0. */
  readonly connection: number;
  readonly isToTarget: boolean;
  /** Counts the chunks of this direction from 0. */
  readonly chunk: number;
}

/** What becomes of a chunk: other bytes, none, or `null`: the connection ends. */
export type Tap = (bytes: Uint8Array, passage: Passage) => Uint8Array | null;

/** The relay. */
export class TappedRelay implements AsyncDisposable {
  /** Whoever is on the path does as he likes; by default he only reads. */
  tap: Tap = (bytes) => bytes;
  /** All that passed, by connection, as it came. */
  readonly seen: Uint8Array[] = [];
  /** Bytes for the target of a connection that nobody sent. */
  readonly #toTarget: ((bytes: Uint8Array) => Promise<unknown>)[] = [];
  readonly #listener: Deno.TcpListener;
  readonly #sockets = new Set<Deno.TcpConn>();
  readonly #targetPort: number;
  readonly #loop: Promise<void>;
  #connections = 0;

  constructor(targetPort: number) {
    this.#targetPort = targetPort;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.#loop = this.#accept();
  }

  /** Where it listens. */
  get port(): number {
    return this.#listener.addr.port;
  }

  /** How many connections have passed. */
  get connections(): number {
    return this.#connections;
  }

  /** All that was seen, as text of single bytes. */
  get text(): string {
    return this.seen.map((bytes) => Array.from(bytes, (b) => String.fromCharCode(b)).join(""))
      .join("");
  }

  /** Ends all connections that pass, whatever is on its way. */
  cut(): void {
    for (const socket of this.#sockets) close(socket);
    this.#sockets.clear();
  }

  /** Adds bytes of one's own to what goes to the target on the latest connection. */
  async inject(bytes: Uint8Array): Promise<void> {
    await this.#toTarget.at(-1)?.(bytes).catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    for (const socket of this.#sockets) close(socket);
    await this.#loop;
  }

  async #accept(): Promise<void> {
    const passing: Promise<unknown>[] = [];
    for (;;) {
      let near: Deno.TcpConn;
      try {
        near = await this.#listener.accept();
      } catch {
        break;
      }
      passing.push(this.#pass(near));
    }
    await Promise.all(passing);
  }

  async #pass(near: Deno.TcpConn): Promise<void> {
    const connection = this.#connections++;
    this.#sockets.add(near);
    let far: Deno.TcpConn;
    try {
      far = await Deno.connect({ hostname: "127.0.0.1", port: this.#targetPort });
    } catch {
      close(near);
      return;
    }
    this.#sockets.add(far);
    this.#toTarget.push((bytes) => writeAll(far, bytes));
    await Promise.all([
      this.#pipe(near, far, { connection, isToTarget: true }),
      this.#pipe(far, near, { connection, isToTarget: false }),
    ]);
  }

  async #pipe(from: Deno.TcpConn, to: Deno.TcpConn, passage: Omit<Passage, "chunk">) {
    const buffer = new Uint8Array(65_536);
    try {
      for (let chunk = 0;; chunk++) {
        const count = await from.read(buffer);
        if (count === null) break;
        const bytes = buffer.slice(0, count);
        this.seen.push(bytes);
        const changed = this.tap(bytes.slice(), { ...passage, chunk });
        if (changed === null) break;
        await writeAll(to, changed);
      }
    } catch {
      // One of the two has ended it.
    }
    close(from);
    close(to);
  }
}

async function writeAll(socket: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length;) offset += await socket.write(bytes.subarray(offset));
}

function close(socket: Deno.TcpConn): void {
  try {
    socket.close();
  } catch {
    // It is closed.
  }
}
