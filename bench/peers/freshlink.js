/**
 * freshlink itself, at its defaults: two endpoints that define each other, in clear as the others
 * are. The others give a call no deadline at all, so freshlink gets one that is longer than anybody
 * watches.
 */

import { Endpoint } from "../../mod.ts";

export const packageName = "freshlink";

const OPTIONS = { timeoutMs: 60_000 };

async function endpoint(name, own, otherName, other) {
  return await Endpoint.start({
    name,
    listen: own,
    peers: [{ name: otherName, ...other }],
    codec: "bytes",
    insecure: true,
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
    call: (payload) => client.request("server", "call", payload, OPTIONS),
    close: () => client.close(),
  };
}
