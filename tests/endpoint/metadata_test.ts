// Metadata of calls and notifications, from the caller's options to the handler's context.

import { assertEquals, assertRejects } from "@std/assert";
import { Client, ConfigurationError, type HandlerContext } from "../../mod.ts";
import { EndpointPair, requestError } from "../support/endpoints.ts";

const read = (_payload: unknown, { metadata }: HandlerContext) => ({ ...metadata });

Deno.test("metadata: a handler gets what its caller said, of calls and notifications", async () => {
  const told: unknown[] = [];
  const tell = (_payload: unknown, { metadata }: HandlerContext) => void told.push({ ...metadata });
  await using pair = await EndpointPair.start({}, { handlers: { read, tell } });
  const { endpoint } = pair.left;
  const metadata = { tenant: "7", "__proto__x": "ü" };
  assertEquals(await endpoint.request("SP20", "read", 1, { metadata }), metadata);
  assertEquals(await endpoint.request("SP20", "read", 1), {});
  assertEquals(await endpoint.request("SP20", "read", "x".repeat(500_000), { metadata }), metadata);
  await endpoint.notify("SP20", "tell", 1, { metadata });
  await endpoint.notify("SP20", "tell", 1);
  await endpoint.flush("SP20");
  assertEquals(told, [metadata, {}]);
});

Deno.test("metadata: a client's, and what a handler hands on", async () => {
  await using pair = await EndpointPair.start({}, { handlers: { read } });
  pair.left.endpoint.handle("read", read);
  pair.left.endpoint.handle(
    "nested",
    (payload, context) =>
      context.request("SP20", "read", payload, { metadata: { ...context.metadata, hop: "2" } }),
  );
  const { hostname, port } = pair.left.endpoint.address;
  await using client = await Client.connect({ hostname, port });
  const metadata = { tenant: "7" };
  assertEquals(await client.request("read", 1, { metadata }), metadata);
  assertEquals(await client.request("nested", 1, { metadata }), { tenant: "7", hop: "2" });
});

Deno.test("invalid-metadata: what cannot be sent is refused here", async () => {
  await using pair = await EndpointPair.start({}, { handlers: { read } });
  const { endpoint } = pair.left;
  const metadata = { trace: "x".repeat(9_000) };
  for (
    const call of [
      endpoint.request("SP20", "read", 1, { metadata }),
      endpoint.notify("SP20", "read", 1, { metadata }),
      endpoint.request("SP20", "read", 1, { metadata: { ["n".repeat(256)]: "" } }),
    ]
  ) {
    const { code, delivery } = await requestError(call);
    assertEquals([code, delivery], ["invalid-metadata", "not-sent"]);
  }
  for (const wrong of [5, null, ["a"], { tenant: 7 }, "text"]) {
    const call = endpoint.request("SP20", "read", 1, { metadata: wrong as never });
    const { problems } = await assertRejects(() => call, ConfigurationError);
    assertEquals(problems.length, 1, `${wrong}`);
  }
});
