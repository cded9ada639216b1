/** An address where a dial stays pending: a listener that accepts nobody, and whose queue is full. */

const BATCH = 256;
const MAX_DIALS = 16_384;

/** How long a dial that the kernel does not answer takes at least, in milliseconds. */
const PENDING_MS = 300;

/** Holds the port; disposing of it lets go. */
export class BlackHole implements Disposable {
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  readonly #held: Deno.TcpConn[] = [];

  /** @throws {Error} When the kernel has room for any number of connections. */
  static async open(): Promise<BlackHole> {
    const hole = new BlackHole();
    try {
      for (let dials = 0; dials < MAX_DIALS; dials += BATCH) {
        if (await hole.#fill()) return hole;
      }
      throw new Error(`A listener that accepts nobody took ${MAX_DIALS} connections`);
    } catch (error) {
      hole[Symbol.dispose]();
      throw error;
    }
  }

  private constructor() {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    this.port = this.#listener.addr.port;
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    for (const connection of this.#held) connection.close();
  }

  /** @returns Whether the queue is full. */
  async #fill(): Promise<boolean> {
    const signal = AbortSignal.timeout(PENDING_MS);
    const dials = Array.from(
      { length: BATCH },
      () => Deno.connect({ hostname: "127.0.0.1", port: this.port, signal }),
    );
    const settled = await Promise.allSettled(dials);
    const open = settled.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
    this.#held.push(...open);
    return open.length < BATCH;
  }
}
