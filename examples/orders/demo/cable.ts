/**
 * The cables between the machines of the demonstration: relays that can stop forwarding without
 * closing anything, as a network does when a machine loses its power.
 */

/** The network interface of one machine. */
export class Cable {
  #plug = { isCut: false };

  /** Whatever goes through here now; looked at for each chunk. */
  get plug(): { readonly isCut: boolean } {
    return this.#plug;
  }

  /** From now on all connections through here are silent, for ever. Nothing is closed. */
  cut(): void {
    this.#plug.isCut = true;
  }

  /** A new cable: connections made from now on work. Those of the old one stay silent. */
  replace(): void {
    this.#plug = { isCut: false };
  }
}

/** A port that leads from one machine to another, through the cables of both. */
export class Relay {
  readonly #listener: Deno.TcpListener;
  readonly #cables: readonly [Cable, Cable];
  readonly #targetPort: number;
  readonly #open = new Set<Deno.Conn>();
  #closed = false;

  constructor(port: number, cables: readonly [Cable, Cable], targetPort: number) {
    this.#listener = Deno.listen({ hostname: "127.0.0.1", port });
    this.#cables = cables;
    this.#targetPort = targetPort;
    this.#accept();
  }

  /** Ends the relay and all that it holds. */
  close(): void {
    this.#closed = true;
    this.#listener.close();
    for (const connection of this.#open) close(connection);
    this.#open.clear();
  }

  async #accept(): Promise<void> {
    while (!this.#closed) {
      try {
        this.#connect(await this.#listener.accept());
      } catch {
        // The relay has been closed.
        return;
      }
    }
  }

  async #connect(near: Deno.TcpConn): Promise<void> {
    this.#open.add(near);
    const plugs = this.#cables.map((cable) => cable.plug);
    const isCut = () => plugs.some((plug) => plug.isCut);
    // Through a cut cable nothing comes: the connection was accepted by nobody.
    if (isCut()) return;
    let far: Deno.TcpConn;
    try {
      far = await Deno.connect({ hostname: "127.0.0.1", port: this.#targetPort });
    } catch {
      // Nobody listens there: the kernel of that machine refuses.
      if (!isCut()) this.#end(near);
      return;
    }
    this.#open.add(far);
    // A cable does not wait for more bytes.
    near.setNoDelay();
    far.setNoDelay();
    this.#pump(near, far, isCut);
    this.#pump(far, near, isCut);
  }

  async #pump(from: Deno.Conn, to: Deno.Conn, isCut: () => boolean): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (;;) {
        const count = await from.read(buffer);
        // What is sent into a cut cable is taken and lost; how the far end died is not heard.
        if (isCut()) {
          if (count === null) return;
          continue;
        }
        if (count === null) break;
        let chunk = buffer.subarray(0, count);
        while (chunk.length > 0) chunk = chunk.subarray(await to.write(chunk));
      }
    } catch {
      if (isCut()) return;
    }
    this.#end(from);
    this.#end(to);
  }

  #end(connection: Deno.Conn): void {
    if (this.#open.delete(connection)) close(connection);
  }
}

function close(connection: Deno.Conn): void {
  try {
    connection.close();
  } catch {
    // It is closed already.
  }
}
