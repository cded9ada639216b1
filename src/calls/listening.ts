/**
 * Listens where an endpoint was told to.
 *
 * @module
 */

import { ConfigurationError } from "../errors.ts";
import type { ResolvedEndpointOptions } from "../options.ts";
import type { Listener, Runtime, Socket, SocketHandler } from "../runtime/runtime.ts";
import { messageOf } from "./thrown.ts";

/**
 * Listens.
 *
 * @param accept Takes a socket; `null`: nobody is there yet.
 * @throws {ConfigurationError} `listen-failed`: the address cannot be bound.
 */
export async function listenOn(
  runtime: Runtime,
  { listen, tls }: ResolvedEndpointOptions,
  accept: (socket: Socket) => SocketHandler | null,
): Promise<Listener> {
  try {
    return await runtime.listen(listen, tls === undefined ? {} : { tls }, (socket) => {
      const handler = accept(socket);
      if (handler !== null) return handler;
      socket.abort();
      return { onData() {}, onDrain() {}, onClose() {} };
    });
  } catch (cause) {
    const text = `Cannot listen on ${listen.hostname}:${listen.port}: ${messageOf(cause)}`;
    throw new ConfigurationError("listen-failed", [text], { cause });
  }
}
