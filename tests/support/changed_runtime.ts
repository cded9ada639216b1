/**
 * A runtime of which some parts are others: what looks at sockets on their way, counts, or breaks.
 *
 * @module
 */

import type { Runtime, Socket, SocketHandler } from "../../src/runtime/runtime.ts";

/** The runtime with these parts in place of its own. */
export function changedRuntime(runtime: Runtime, changes: Partial<Runtime>): Runtime {
  return {
    name: runtime.name,
    clock: runtime.clock,
    random: runtime.random,
    copy: runtime.copy,
    allocate: runtime.allocate,
    loadChannel: () => runtime.loadChannel(),
    listen: (...parameters) => runtime.listen(...parameters),
    connect: (...parameters) => runtime.connect(...parameters),
    ...changes,
  };
}

/**
 * The runtime with something around each of its sockets.
 *
 * @param wrap Takes a socket and whoever is to handle it; returns what handles the real one.
 */
export function wrappedRuntime(
  runtime: Runtime,
  wrap: (socket: Socket, handle: (socket: Socket) => SocketHandler) => SocketHandler,
): Runtime {
  return changedRuntime(runtime, {
    listen: (address, options, onSocket) =>
      runtime.listen(address, options, (socket) => wrap(socket, onSocket)),
    connect: (address, options, handler) =>
      runtime.connect(address, options, {
        onConnect: (socket) => wrap(socket, (own) => handler.onConnect(own)),
        onConnectError: (reason) => handler.onConnectError(reason),
      }),
  });
}
