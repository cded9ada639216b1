// Who may call what, by a rule of the endpoint's own.

import { assertEquals } from "@std/assert";
import { Client } from "../../mod.ts";
import { EndpointPair, requestError } from "../support/endpoints.ts";

Deno.test("not-allowed: what a caller may not call is not executed", async () => {
  let executed = 0;
  const handlers = { read: () => ++executed, write: () => ++executed, "throw": () => ++executed };
  const asked: string[] = [];
  await using pair = await EndpointPair.start({}, {
    handlers,
    allow: ({ name, role }, service) => {
      asked.push(`${role} ${name} ${service}`);
      if (service === "throw") throw new Error("no rule for that");
      return service === "read" || (name === "SP10" && role === "peer");
    },
  });
  const { left, right } = pair;
  assertEquals(await left.endpoint.request("SP20", "write"), 1);
  const { port } = right.endpoint.address;
  await using client = await Client.connect({ hostname: "127.0.0.1", port, name: "till-7" });
  assertEquals(await client.request("read"), 2);
  for (const service of ["write", "throw"]) {
    const { code, delivery } = await requestError(client.request(service));
    assertEquals([code, delivery], ["not-allowed", "not-executed"]);
  }
  await client.notify("write");
  const told = await right.event("handler-failed");
  assertEquals(told.service, "write");
  assertEquals(executed, 2);
  assertEquals(asked.slice(0, 2), ["peer SP10 write", "client till-7 read"]);
});
