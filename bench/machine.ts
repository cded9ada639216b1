/**
 * A machine that can die without a word, although it is only a part of a process.
 *
 * @module
 */

import type { Runtime, Socket, SocketHandler } from "../src/runtime/runtime.ts";
import { wrappedRuntime } from "../tests/support/changed_runtime.ts";

/** A machine whose cable can be cut: then its sockets stay open at the other end, and silent. */
export class Machine {
  /** What runs there uses this. */
  readonly runtime: Runtime;
  readonly #sockets: Socket[] = [];
  #dead = false;

  /** @param host The runtime with the real sockets. */
  constructor(host: Runtime) {
    this.runtime = wrappedRuntime(host, (socket, handle) => this.#attach(socket, handle));
  }

  /** From now on nothing it writes arrives, and nothing reaches it. */
  die(): void {
    this.#dead = true;
  }

  /** Ends what is still open. */
  bury(): void {
    for (const socket of this.#sockets) socket.abort();
  }

  #attach(socket: Socket, attach: (socket: Socket) => SocketHandler): SocketHandler {
    this.#sockets.push(socket);
    const unlessDead = (call: () => void) => {
      if (!this.#dead) call();
    };
    const handler = attach({
      remoteAddress: socket.remoteAddress,
      localAddress: socket.localAddress,
      descriptor: socket.descriptor,
      peerCertificate: socket.peerCertificate,
      write: (bytes) => this.#dead || socket.write(bytes),
      pause: () => socket.pause(),
      resume: () => socket.resume(),
      close: () => unlessDead(() => socket.close()),
      abort: () => unlessDead(() => socket.abort()),
    });
    return {
      onData: (chunk) => unlessDead(() => handler.onData(chunk)),
      onDrain: () => unlessDead(() => handler.onDrain()),
      onClose: (reason) => unlessDead(() => handler.onClose(reason)),
    };
  }
}
