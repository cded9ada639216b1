// The inspector's page in a real browser: the demonstration with its crash, many links and a storm
// of events, who may look, and what a screen reader and a keyboard make of it.

import axe from "axe-core";
import type { Browser, Page } from "playwright-core";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type ConnectionRow, Endpoint, type PeerRow } from "../../mod.ts";
import { openInspector } from "../../src/inspector/inspector.ts";
import type { EventView, Snapshot } from "../../src/inspector/snapshot.ts";
import { ROOT } from "../../tools/project.ts";
import { Watched } from "../support/endpoints.ts";
import { until as untilSo } from "../support/until.ts";
import { chromiumPath, launch } from "./browser.ts";

const executable = await chromiumPath();
if (executable === null) console.log("skipped: there is no Chromium (apt-get install chromium)");
const ignore = executable === null;

/** Pictures for docs/ are made anew where that is asked for. */
const PICTURES = Deno.env.get("FRESHLINK_PICTURES") === "1" ? `${ROOT}docs/pictures/` : null;

/** Playwright keeps a pipe and timers for longer than one test. */
const options = { ignore, sanitizeOps: false, sanitizeResources: false } as const;

async function picture(page: Page, name: string): Promise<void> {
  const path = PICTURES === null ? await Deno.makeTempFile() : `${PICTURES}${name}.png`;
  await page.screenshot({ path, type: "png", fullPage: false });
  assert((await Deno.stat(path)).size > 5_000, name);
  if (PICTURES === null) await Deno.remove(path);
}

/** Waits until an expression is true in the page; its policy allows no waiting by text there. */
async function until(page: Page, expression: string): Promise<void> {
  const untilMs = performance.now() + 20_000;
  while (!await page.evaluate(`Boolean(${expression})`)) {
    if (performance.now() > untilMs) {
      const shown = await page.evaluate("document.body.innerText");
      throw new Error(`never so: ${expression}; the page shows: ${shown}`);
    }
    await page.evaluate("new Promise((resolve) => setTimeout(resolve, 20))");
  }
}

/** What axe finds that is serious. */
async function seriousFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const found = await page.evaluate("axe.run(document)") as axe.AxeResults;
  return found.violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target).join(", ")}`);
}

/** Texts of the rows of the connection table for a peer. */
function rowsOf(page: Page, peer: string): Promise<string[]> {
  return page.$$eval(
    "#rows tr",
    (rows, name) =>
      rows.filter((row) => row.firstElementChild?.textContent === name)
        .map((row) => [...row.children].map((cell) => cell.textContent).join(" | ")),
    peer,
  );
}

async function withBrowser(run: (browser: Browser) => Promise<void>): Promise<void> {
  const browser = await launch(executable!);
  try {
    await run(browser);
  } finally {
    await browser.close();
  }
}

/** The demonstration with its page; `url` once there is one. */
async function startDemo(): Promise<{ url: string; end: () => Promise<void> }> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--allow-all", `${ROOT}examples/orders/demo.ts`, "--inspect"],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
    env: { NO_COLOR: "1" },
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  let url: string | undefined;
  while (url === undefined) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`the demonstration has ended: ${text}`);
    text += value;
    url = /Open (http:\S+) in a browser/.exec(text)?.[1];
  }
  const rest = (async () => {
    while (!(await reader.read()).done);
  })();
  const end = async () => {
    child.kill("SIGTERM");
    await child.status;
    await rest;
  };
  return { url, end };
}

Deno.test(
  "inspector: the demonstration's crash in a browser: two rows for SP20, then one, and what became of the calls",
  options,
  async () => {
    const demo = await startDemo();
    try {
      await withBrowser(async (browser) => {
        const page = await browser.newPage({ viewport: { width: 1180, height: 1000 } });
        const errors: string[] = [];
        page.on("pageerror", (error) => errors.push(String(error)));
        page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
        await page.goto(demo.url);
        await until(page, `document.querySelector("#summary").textContent.includes("are linked")`);
        assertEquals(await page.$$eval("#stories > li", (all) => all.length), 0);
        await until(
          page,
          `document.querySelector("#stories h3")?.textContent.includes("new process") &&
            document.querySelector("#rows").textContent.includes("gave way")`,
        );
        const two = (await rowsOf(page, "SP20")).sort();
        assertEquals(two.length, 2, two.join("\n"));
        assertMatch(two.join("\n"), /✕ ended: gave way to \d+/);
        assertMatch(two.join("\n"), /● used/);
        await picture(page, "inspector-takeover");
        const story = await page.textContent("#stories > li");
        assertStringIncludes(story!, "SP20 died. ✓ Its new process has taken over.");
        assertMatch(story!, /Connection \d+ is gone; connection \d+ is used in its place\./);
        assertMatch(
          story!,
          /Calls: None failed\. \d+ calls? that may be repeated \(idempotent\) went/,
        );
        assertEquals(await page.textContent("#summary"), "All 2 peers are linked.");
        assertEquals(await seriousFaults(page), []);
        await page.emulateMedia({ colorScheme: "dark" });
        await page.setViewportSize({ width: 400, height: 1_100 });
        assertEquals(await seriousFaults(page), []);
        const width = await page.evaluate("document.documentElement.scrollWidth");
        assert(Number(width) <= 400, `${width}`);
        await picture(page, "inspector-narrow-dark");
        await until(
          page,
          `[...document.querySelectorAll("#rows th")].filter((cell) => cell.textContent === "SP20").length === 1`,
        );
        assertMatch((await rowsOf(page, "SP20"))[0]!, /● used/);
        assertMatch((await page.textContent("#services"))!, /debit/);
        assertEquals(errors, []);
      });
    } finally {
      await demo.end();
    }
  },
);

Deno.test("inspector: groups, their members, and what each was given", options, async () => {
  const listen = { port: 0 };
  const start = (group: string) =>
    Watched.start({ group, listen, admit: () => true, handlers: { reserve: () => "ok" } });
  const groups = ["stock", "stock", "stock", "accounts", "accounts"];
  const members = await Promise.all(groups.map(start));
  const peers = members.map(({ endpoint: { address: { port } } }, index) => ({
    group: groups[index]!,
    hostname: "127.0.0.1",
    port,
  }));
  await using orders = await Endpoint.start({ name: "orders", listen, peers });
  const [stock] = [orders.group("stock")];
  for (let call = 0; call < 30; call++) await stock.request("reserve");
  await untilSo(() => orders.peers().every(({ state }) => state === "up"), "all are linked");
  const inspector = await orders.inspect();
  await withBrowser(async (browser) => {
    const page = await browser.newPage({ viewport: { width: 1180, height: 1350 } });
    await page.goto(inspector.url);
    await until(page, `document.querySelectorAll("#groups tr").length === 5`);
    await members[1]!.endpoint.close();
    await until(page, `document.querySelector("#groups").textContent.includes("✕ no")`);
    const rows = await page.$$eval(
      "#groups tr",
      (all) => all.map((row) => [...row.children].map((cell) => cell.textContent)),
    );
    const gone = `stock/127.0.0.1:${peers[1]!.port}`;
    assertEquals(
      rows.map(([name, takes, group]) => [name === gone ? "gone" : "here", takes, group]).sort(),
      [
        ["gone", "✕ no", "stock"],
        ["here", "● yes", "accounts"],
        ["here", "● yes", "accounts"],
        ["here", "● yes", "stock"],
        ["here", "● yes", "stock"],
      ],
    );
    const given = rows.filter(([, , group]) => group === "stock").map((row) => Number(row[4]));
    assertEquals(given.reduce((sum, calls) => sum + calls, 0), 30);
    assertStringIncludes(
      (await page.textContent("#stories > li"))!,
      `${gone} has closed in good order, and is away.`,
    );
    // What tells members apart stands in the drawing, too.
    const drawing = await page.textContent("#map");
    for (const { port } of peers) assertStringIncludes(drawing!, `:${port}`);
    assertEquals(await seriousFaults(page), []);
    await picture(page, "inspector-groups");
  });
  await Promise.all(members.map(({ endpoint }) => endpoint.close()));
});

function peer(index: number): PeerRow {
  return {
    peer: `p${index}`,
    hostname: "10.0.0.1",
    port: 1,
    group: index % 2 === 0 ? "stock" : null,
    state: index % 97 === 0 ? "down" : "up",
    sinceMicros: 1,
    bootId: null,
    lastError: null,
    inFlight: index % 7,
    waiting: 0,
    creditBytes: 262_144,
  };
}

function row(index: number, look: number): ConnectionRow {
  return {
    peer: `p${index}`,
    remoteAddress: `10.0.0.1:${index}`,
    listeningPort: 1,
    descriptor: null,
    identifier: 3,
    establishedSeconds: 1_700_000_000,
    establishedMicros: 0,
    usable: true,
    direction: "inbound",
    bootId: "0".repeat(32),
    roundTripMs: 0.1 + (look + index) % 10,
    inFlight: (look + index) % 9,
  };
}

Deno.test(
  "inspector: 1,000 links and 10,000 events a second do not make the page stall",
  options,
  async () => {
    const startMs = performance.now();
    let looks = 0;
    const snapshot = (): Snapshot => {
      looks++;
      const nextEvent = Math.floor((performance.now() - startMs) * 10) + 200;
      const events = Array.from({ length: 200 }, (_, index): EventView => ({
        number: nextEvent - 200 + index,
        atMicros: Date.now() * 1_000,
        type: "suspect",
        level: "info",
        peer: `p${index}`,
        text: `nothing was heard of 'p${index}'`,
        details: { silenceMs: 1 },
      }));
      return {
        name: "hub",
        bootId: "0".repeat(32),
        address: { hostname: "127.0.0.1", port: 1 },
        fenced: false,
        atMicros: Date.now() * 1_000,
        rows: Array.from({ length: 1_000 }, (_, index) => row(index, looks)),
        peers: Array.from({ length: 1_000 }, (_, index) => peer(index)),
        events,
        nextEvent,
        groups: [],
        services: [],
        traffic: { sentBytes: 1, receivedBytes: 1 },
      };
    };
    await using inspector = await openInspector({ snapshot: () => Promise.resolve(snapshot()) });
    await withBrowser(async (browser) => {
      const page = await browser.newPage();
      await page.goto(inspector.url);
      await until(page, `document.querySelectorAll("#map .dot").length === 1000`);
      // The longest time in which the page could not have answered a key, over three seconds.
      const longestMs = Number(
        await page.evaluate(`new Promise((resolve) => {
        const beganMs = performance.now();
        let lastMs = beganMs, longestMs = 0;
        const tick = () => {
          const nowMs = performance.now();
          longestMs = Math.max(longestMs, nowMs - lastMs);
          lastMs = nowMs;
          if (nowMs - beganMs > 3000) resolve(longestMs);
          else setTimeout(tick, 0);
        };
        tick();
      })`),
      );
      const [before] = [looks];
      await until(page, `document.querySelector("#events-count").textContent.includes("too fast")`);
      assert(longestMs < 500, `${longestMs} ms`);
      assert(before >= 3, `${before} looks`);
      assertMatch((await page.textContent("#peers-more"))!, /850 more/);
      // Those without a connection come first, and the drawing shows each.
      assertEquals(await page.$$eval("#map .dot.down", (all) => all.length), 11);
      assertMatch((await page.textContent("#peers tr"))!, /✕ no connection/);
    });
  },
);

Deno.test(
  "inspector: with the keyboard alone, a filter, and nothing but texts",
  options,
  async () => {
    const hostile = `<img src=x onerror="document.title='owned'">`;
    const events: EventView[] = ["alpha", "beta", hostile].map((text, number) => ({
      number,
      atMicros: 1,
      type: "lost",
      level: "info",
      peer: hostile,
      text,
      details: { identifier: 1, reason: hostile },
    }));
    const shown: Snapshot = {
      name: hostile,
      bootId: "0".repeat(32),
      address: { hostname: "127.0.0.1", port: 1 },
      fenced: true,
      atMicros: 1,
      rows: [{ ...row(1, 1), peer: hostile }],
      peers: [{ ...peer(0), peer: hostile, lastError: hostile }],
      events,
      nextEvent: 3,
      groups: [{
        name: hostile,
        members: [{ peer: hostile, state: "up", inFlight: 0, calls: 1, failedCalls: 0 }],
      }],
      services: [],
      traffic: { sentBytes: 1, receivedBytes: 1 },
    };
    let isFirst = true;
    const snapshot = () => {
      const now = isFirst ? shown : { ...shown, events: [] };
      isFirst = false;
      return Promise.resolve(now);
    };
    await using inspector = await openInspector({ snapshot });
    await withBrowser(async (browser) => {
      const page = await browser.newPage();
      await page.goto(inspector.url);
      await until(page, `document.querySelectorAll("#events li").length === 3`);
      assertEquals(await page.$$eval("img", (all) => all.length), 0);
      assertStringIncludes(await page.title(), "<img");
      assertEquals(await seriousFaults(page), []);
      await page.keyboard.press("Tab");
      assertEquals(await page.evaluate("document.activeElement.className"), "skip");
      const reached = new Set<string>();
      for (let press = 0; press < 25; press++) {
        await page.keyboard.press("Tab");
        reached.add(
          String(
            await page.evaluate("document.activeElement.id || document.activeElement.tagName"),
          ),
        );
      }
      for (const id of ["filter-text", "filter-level", "filter-pause"]) assert(reached.has(id), id);
      await page.focus("#filter-text");
      await page.keyboard.type("bet");
      assertEquals(await page.$$eval("#events li", (all) => all.length), 1);
    });
  },
);
