// The inspector without a browser: who may look, what is answered, and what endpoints show.

import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { request } from "node:http";
import { Client, ConfigurationError } from "../../mod.ts";
import { Histogram } from "../../src/inspector/histogram.ts";
import { openInspector } from "../../src/inspector/inspector.ts";
import { PAGE_HTML } from "../../src/inspector/page_html.ts";
import { PAGE_SCRIPT } from "../../src/inspector/page_script.ts";
import { PAGE_STYLE } from "../../src/inspector/page_style.ts";
import type { Snapshot } from "../../src/inspector/snapshot.ts";
import { Pair } from "../support/endpoints.ts";

const NOTHING = { snapshot: () => Promise.resolve({} as Snapshot) };

interface Asked {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** Asks with headers that `fetch` does not let one set. */
function ask(
  url: string,
  path = "/snapshot",
  headers: Record<string, string> = {},
  method = "GET",
): Promise<Asked> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const one = request({ hostname, port, path, method, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part) => text += part);
      response.on(
        "end",
        () => resolve({ status: response.statusCode!, text, headers: response.headers }),
      );
    });
    one.on("error", reject);
    one.end();
  });
}

Deno.test("inspector: only GET, only this host, only this site", async () => {
  await using inspector = await openInspector(NOTHING);
  const { url } = inspector;
  assertMatch(url, /^http:\/\/127\.0\.0\.1:\d+\/$/);
  const page = await ask(url, "/");
  assertEquals([page.status, page.text], [200, PAGE_HTML]);
  assertMatch(
    String(page.headers["content-security-policy"]),
    /^default-src 'none'; script-src 'self';/,
  );
  assertEquals((await ask(url)).text, "{}");
  assertEquals((await ask(url, "/else")).status, 404);
  assertEquals((await ask(url, "/", {}, "POST")).status, 405);
  assertEquals((await ask(url, "/", { host: "evil.invalid" })).status, 421);
  assertEquals((await ask(url, "/snapshot", { host: "evil.invalid:80" })).status, 421);
  assertEquals((await ask(url, "/snapshot", { host: "localhost:1" })).status, 200);
  assertEquals((await ask(url, "/snapshot", { "sec-fetch-site": "cross-site" })).status, 403);
  await inspector.close();
  await assertRejects(() => ask(url));
});

Deno.test("inspector: beyond loopback it wants its token, and takes no stranger's name", async () => {
  await using open = await openInspector(NOTHING, { hostname: "0.0.0.0" });
  const token = /#token=([0-9a-f]{32})$/.exec(open.url)![1]!;
  const url = open.url.replace("0.0.0.0", "127.0.0.1");
  assertEquals((await ask(url, "/")).status, 200);
  assertEquals((await ask(url)).status, 401);
  assertEquals((await ask(url, "/snapshot", { authorization: `Bearer ${token}x` })).status, 401);
  assertEquals((await ask(url, "/snapshot", { authorization: `Bearer ${token}` })).status, 200);
  const named = { authorization: `Bearer ${token}`, host: "evil.invalid" };
  assertEquals((await ask(url, "/snapshot", named)).status, 421);
  assertEquals((await ask(url, "/snapshot", { ...named, host: "10.1.2.3:80" })).status, 200);
  await using own = await openInspector(NOTHING, { token: "correct horse battery" });
  assertEquals((await ask(own.url)).status, 401);
});

Deno.test("inspector: what cannot work is told, with every problem", async () => {
  const wrong = openInspector(NOTHING, { port: 70_000, token: "short" });
  const { problems } = await assertRejects(() => wrong, ConfigurationError);
  assertEquals(problems.length, 2);
  await using first = await openInspector(NOTHING);
  const port = Number(new URL(first.url).port);
  const { code } = await assertRejects(() => openInspector(NOTHING, { port }), ConfigurationError);
  assertEquals(code, "listen-failed");
});

Deno.test("inspector: nothing from outside, and the script writes no markup", () => {
  for (const text of [PAGE_HTML, PAGE_STYLE, PAGE_SCRIPT]) {
    const addresses = (text.match(/https?:\/\/[^"' )]+/g) ?? [])
      .filter((address) => address !== "http://www.w3.org/2000/svg");
    assertEquals(addresses, []);
  }
  assert(
    !/innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function/.test(
      PAGE_SCRIPT,
    ),
  );
  assert(!/\son\w+=|style="/.test(PAGE_HTML), "the policy allows neither");
  new Function(PAGE_SCRIPT.replaceAll('"use strict";', ""));
});

Deno.test("endpoint.inspect: the table, the calls and the events, here and over a link; it ends with the endpoint", async () => {
  await using pair = await Pair.start();
  const { left: { endpoint: left }, right: { endpoint: right } } = pair;
  const inspector = await left.inspect();
  const look = async (since = 0): Promise<Snapshot> =>
    JSON.parse((await ask(inspector.url, `/snapshot?since=${since}`)).text);
  const first = await look();
  assertEquals([first.name, first.rows.length, first.peers.length], ["SP10", 1, 1]);
  assertEquals(first.events.at(-1)!.type, "connected");
  assertStringIncludes(first.events.at(-1)!.text, "linked with 'SP20'");
  right.handle("echo", (payload) => payload);
  right.handle("fail", () => {
    throw new Error("no");
  });
  await left.request("SP20", "echo", 1);
  await left.request("SP20", "fail", 1).catch(() => {});
  left.handle("fail", () => {
    throw new Error("no");
  });
  await right.notify("SP10", "fail");
  await pair.left.event("handler-failed");
  const second = await look(first.nextEvent);
  assertEquals(second.events.map(({ type }) => type), ["handler-failed"]);
  const calls = second.services.filter(({ side }) => side === "calling")
    .map(({ service, ended, failed, active }) => [service, ended, failed, active]).sort();
  assertEquals(calls, [["echo", 1, 0, 0], ["fail", 1, 1, 0]]);
  const { hostname, port } = left.address;
  await using client = await Client.connect({ hostname, port });
  const remote = await client.request<Snapshot>("freshlink/inspect", {
    since: second.nextEvent - 1,
  });
  assertEquals(remote.events.map(({ type }) => type), ["handler-failed"]);
  await left.close();
  await assertRejects(() => ask(inspector.url));
});

Deno.test("Histogram: percentiles are right to 1.6 percent, whatever the durations", () => {
  let seed = 1;
  const random = () => (seed = seed * 48_271 % 2_147_483_647) / 2_147_483_647;
  for (const spread of [1, 1_000, 1e7]) {
    const histogram = new Histogram();
    const values = Array.from({ length: 5_000 }, () => random() * spread + 0.001);
    for (const value of values) histogram.record(value);
    values.sort((one, other) => one - other);
    for (const percent of [1, 50, 90, 99, 99.9, 100]) {
      const exact = values[Math.ceil(values.length * percent / 100) - 1]!;
      const found = histogram.percentileMs(percent);
      assert(
        Math.abs(found - exact) <= exact * 0.017 + 0.001,
        `${percent} of ${spread}: ${found}, ${exact}`,
      );
    }
    assertEquals([histogram.count, histogram.maxMs], [5_000, values.at(-1)]);
  }
  const empty = new Histogram();
  assertEquals([empty.percentileMs(50), empty.count], [0, 0]);
  empty.record(1e12);
  assertEquals(empty.percentileMs(50) > 0, true);
});
