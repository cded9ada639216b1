/** Two endpoints under Deno's own OpenTelemetry: one request, then both end. */

import { Endpoint } from "../../mod.ts";
import { instrument } from "../../src/telemetry/opentelemetry.ts";

const listen = { port: 0 };
const stock = await Endpoint.start({ name: "SP30", listen, admit: () => true });
stock.handle("reserve", (item: string) => ({ reserved: item }));
const { port } = stock.address;
const peers = [{ name: "SP30", hostname: "127.0.0.1", port }];
const orders = await Endpoint.start({ name: "SP10", listen, peers });
instrument(stock);
instrument(orders);
console.log(JSON.stringify(await orders.request("SP30", "reserve", "tea")));
await orders.close();
await stock.close();
