/**
 * A cable between two endpoints on loopback that can fall silent, or break, without either process
 * noticing anything else.
 */

/** A port that leads to another port. */
export class Cable implements Disposable {
  /** Bytes that went through, both ways. */
  bytes = 0;
  readonly #listener: Deno.TcpListener;
  readonly #targetPort: number;
  readonly #pairs = new Set<{ near: Deno.TcpConn; far: Deno.TcpConn; cut: boolean }>();
  #refusing = false;
  #waiting: { bytes: number; reached: () => void } | null = null;

  /** @param port Where it listens; 0 draws one. */
  constructor(targetPort: number, port = 0) {
    this.#targetPort = targetPort;
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port });
    this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** Everything that goes over the present connections is swallowed from now on. */
  cut(): void {
    for (const pair of this.#pairs) pair.cut = true;
  }

  /** The present connections end at both ends. */
  break(): void {
    for (const pair of [...this.#pairs]) this.#end(pair);
  }

  /** New connections end at once (`true`), or are let through again. */
  refuse(refusing: boolean): void {
    this.#refusing = refusing;
  }

  /** Resolves when so many more bytes have gone through. */
  passed(bytes: number): Promise<void> {
    return new Promise((reached) => {
      this.#waiting = { bytes: this.bytes + bytes, reached };
    });
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    this.break();
  }

  async #accept(): Promise<void> {
    for (;;) {
      try {
        this.#connect(await this.#listener.accept());
      } catch {
        // It has been closed.
        return;
      }
    }
  }

  async #connect(near: Deno.TcpConn): Promise<void> {
    if (this.#refusing) {
      near.close();
      return;
    }
    let far: Deno.TcpConn;
    try {
      far = await Deno.connect({ hostname: "127.0.0.1", port: this.#targetPort });
    } catch {
      near.close();
      return;
    }
    try {
      near.setNoDelay();
      far.setNoDelay();
    } catch {
      // One of them has gone meanwhile, which its pump finds out.
    }
    const pair = { near, far, cut: false };
    this.#pairs.add(pair);
    this.#pump(pair, near, far);
    this.#pump(pair, far, near);
  }

  async #pump(
    pair: { near: Deno.TcpConn; far: Deno.TcpConn; cut: boolean },
    from: Deno.TcpConn,
    to: Deno.TcpConn,
  ): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (;;) {
        const count = await from.read(buffer);
        if (count === null) break;
        if (pair.cut) continue;
        let chunk = buffer.subarray(0, count);
        while (chunk.length > 0) chunk = chunk.subarray(await to.write(chunk));
        this.#count(count);
      }
    } catch {
      // One of the ends is gone.
    }
    // Through a cut cable nobody hears how the other end died.
    if (!pair.cut) this.#end(pair);
  }

  #count(bytes: number): void {
    this.bytes += bytes;
    if (this.#waiting === null || this.bytes < this.#waiting.bytes) return;
    this.#waiting.reached();
    this.#waiting = null;
  }

  #end(pair: { near: Deno.TcpConn; far: Deno.TcpConn; cut: boolean }): void {
    if (!this.#pairs.delete(pair)) return;
    for (const connection of [pair.near, pair.far]) {
      try {
        connection.close();
      } catch {
        // It is closed already.
      }
    }
  }
}
