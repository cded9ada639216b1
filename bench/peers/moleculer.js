/** moleculer: two brokers over its TCP transporter; static addresses instead of UDP discovery. */

import { Buffer } from "node:buffer";
import moleculer from "moleculer";

export const packageName = "moleculer";

function broker(nodeID, own, others) {
  const urls = Object.entries({ [nodeID]: own, ...others })
    .map(([id, { hostname, port }]) => `tcp://${hostname}:${port}/${id}`);
  const one = new moleculer.ServiceBroker({
    nodeID,
    logger: false,
    // Its name would be this machine's, which leads a reconnecting broker back to itself.
    registry: { preferHostname: false },
    transporter: {
      type: "TCP",
      options: { udpDiscovery: false, port: own.port, urls },
    },
  });
  return one;
}

export async function serve({ own, other, handle }) {
  const server = broker("server", own, { client: other });
  server.createService({
    name: "peers",
    actions: {
      // The default serializer is JSON, which has no bytes.
      async call({ params: { text } }) {
        return Buffer.from(await handle(Buffer.from(text, "base64"))).toString(
          "base64",
        );
      },
    },
  });
  await server.start();
  return { close: () => server.stop() };
}

export async function connect({ own, other }) {
  const client = broker("client", own, { server: other });
  await client.start();
  await client.waitForServices("peers");
  return {
    async call(payload) {
      const text = Buffer.from(payload).toString("base64");
      return Buffer.from(await client.call("peers.call", { text }), "base64");
    },
    close: () => client.stop(),
  };
}
