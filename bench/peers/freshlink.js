/** freshlink itself, at its defaults: two endpoints that define each other. */

import { Endpoint } from "../../mod.ts";

export const packageName = "freshlink";

const SECRET = "peers";

async function endpoint(name, own, otherName, other) {
  return await Endpoint.start({
    name,
    listen: own,
    peers: [{ name: otherName, ...other }],
    codec: "bytes",
    secret: SECRET,
  });
}

export async function serve({ own, other, handle }) {
  const server = await endpoint("server", own, "client", other);
  server.handle("call", handle);
  return { close: () => server.close() };
}

export async function connect({ own, other }) {
  const client = await endpoint("client", own, "server", other);
  return {
    call: (payload) => client.request("server", "call", payload),
    close: () => client.close(),
  };
}
