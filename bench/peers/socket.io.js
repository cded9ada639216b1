/** socket.io: acknowledgements over the websocket transport, which spares it the upgrade. */

import { createServer } from "node:http";
import { Server } from "socket.io";
import { io } from "socket.io-client";

export const packageName = "socket.io";

export async function serve({ own, handle }) {
  const http = createServer();
  const server = new Server(http);
  server.on("connection", (socket) => {
    socket.on(
      "call",
      async (payload, acknowledge) => acknowledge(await handle(payload)),
    );
  });
  await new Promise((resolve) => http.listen(own.port, own.hostname, resolve));
  return { close: () => server.close() };
}

export async function connect({ other }) {
  const socket = io(`http://${other.hostname}:${other.port}`, {
    transports: ["websocket"],
  });
  await new Promise((resolve) => socket.once("connect", resolve));
  return {
    call: (payload) => socket.emitWithAck("call", payload),
    close: () => socket.close(),
  };
}
