/**
 * Each rule of the lint plugin is seen to report a planted violation, and to leave its clean
 * counterpart alone.
 */

import { assertEquals, assertGreater } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { ROOT } from "../../tools/project.ts";
import plugin from "../../tools/lint_plugin.ts";

/** A file as it might lie in the project. */
interface Sample {
  readonly path: string;
  readonly source: string;
}

interface RuleCase {
  /** Each is reported by this rule. */
  readonly violations: readonly Sample[];
  /** Each passes all rules. */
  readonly clean: readonly Sample[];
}

const lines = (count: number) => "f();\n".repeat(count);
const functionOf = (count: number) => `function g() {\n${lines(count - 2)}}\ng();\n`;

/** `[path, source…]` lists, made into samples. */
function samples(...rows: readonly (readonly [path: string, ...sources: string[]])[]): Sample[] {
  return rows.flatMap(([path, ...sources]) => sources.map((source) => ({ path, source })));
}

const CASES: Readonly<Record<string, RuleCase>> = {
  "import-direction": {
    violations: samples(
      ["src/errors.ts", 'import "./events.ts";', 'export * from "./core/frame.ts";'],
      ["src/events.ts", 'import type { Session } from "./core/session.ts";'],
      [
        "src/endpoint.ts",
        'import { instrument } from "./telemetry/opentelemetry.ts";',
        'await import("./telemetry/opentelemetry.ts");',
        'import { openInspector } from "./inspector/inspector.ts";',
      ],
      ["src/telemetry/logging.ts", 'import { Endpoint } from "../endpoint.ts";'],
      ["src/inspector/inspector.ts", 'import { Endpoint } from "../endpoint.ts";'],
      [
        "src/core/session/session.ts",
        'import { Link } from "../../connection/link.ts";',
        'import type { Socket } from "../../runtime/runtime.ts";',
        'export { Endpoint } from "../../endpoint.ts";',
        'type T = import("../../options.ts").T; f<T>();',
        'import "../../tests/support/pair.ts";',
        'import "../../core/../client.ts";',
      ],
      [
        "src/connection/link.ts",
        'import { newRuntime } from "../runtime/deno.ts";',
        'import { detectRuntime } from "../runtime/detect.ts";',
        'import { Endpoint } from "../endpoint.ts";',
        'import { Simulator } from "../simulator/mod.ts";',
        'await import("../endpoint/call.ts");',
      ],
      [
        "src/runtime/bun.ts",
        'import type { Frame } from "../core/frame.ts";',
        'import { Link } from "../connection/link.ts";',
        'import { Endpoint } from "../endpoint.ts";',
        'import { Code } from "../errors.ts";',
        'import { Network } from "../simulator/network.ts";',
      ],
      ["src/runtime/runtime.ts", 'import { errno } from "./errno.ts";'],
      [
        "src/simulator/mod.ts",
        'import { Endpoint } from "../endpoint.ts";',
        'import { frame } from "../core/frame.ts";',
        'import { newRuntime } from "../runtime/node.ts";',
      ],
      [
        "src/endpoint.ts",
        'import { main } from "./cli.ts";',
        'import { Simulator } from "./simulator/mod.ts";',
        'import { newRuntime } from "./runtime/node.ts";',
        'import { Endpoint } from "../mod.ts";',
        'import { fromFile } from "./discovery/from_file.ts";',
        'import { Group } from "./groups/group.ts";',
      ],
      ["src/connection/link.ts", 'await import("../discovery/from_file.ts");'],
      ["src/groups/group.ts", 'import { fromFile } from "../discovery/from_file.ts";'],
      ["src/calls/call.ts", 'import { serve } from "../cli/serve.ts";'],
      ["src/cli/serve.ts", 'import { Link } from "../connection/link.ts";'],
      [
        "mod.ts",
        'export { ConnectionTable } from "./src/core/connection_table.ts";',
        'export { main } from "./src/cli.ts";',
        'export { Simulator } from "./src/simulator/mod.ts";',
      ],
    ),
    clean: samples(
      ["src/events.ts", 'import type { Code } from "./errors.ts"; f<Code>();'],
      ["src/core/session/session.ts", 'import "../wire/frame.ts"; import "../../errors.ts";'],
      [
        "src/connection/link.ts",
        'import "../core/frame.ts"; import type { Runtime } from "../runtime/runtime.ts"; f<Runtime>();',
        'import "../events.ts"; import "./dialer.ts"; import "../errors.ts";',
      ],
      ["src/runtime/bun.ts", 'import "./runtime.ts"; import "./errno.ts";'],
      ["src/runtime/detect.ts", 'await import("./node.ts");'],
      ["src/simulator/network.ts", 'import "../runtime/runtime.ts"; import "./random.ts";'],
      [
        "src/endpoint.ts",
        'import "./options.ts"; import "./endpoint/call.ts"; import "./runtime/detect.ts";',
        'import "./connection/link.ts"; import "./core/frame.ts";',
        'await import("./discovery/from_file.ts"); await import("./groups/group.ts");',
        'import type { Group } from "./groups/group.ts"; f<Group>();',
      ],
      ["src/discovery/from_file.ts", 'import "node:fs/promises"; import "../options.ts";'],
      ["src/cli/serve.ts", 'import "../endpoint.ts"; import "../../mod.ts";'],
      [
        "mod.ts",
        'export { Endpoint } from "./src/endpoint.ts";',
        'export type { Row } from "./src/core/connection_table.ts";',
      ],
      ["tests/core/frame_test.ts", 'import "../../src/core/wire/frame.ts";'],
    ),
  },
  "room-direction": {
    violations: samples(
      [
        "src/connection/link_driver.ts",
        'import { Arbiter } from "../core/link/arbiter.ts";',
        'import type { Decision } from "../core/link/candidate.ts";',
        'type S = import("../core/link/link_state.ts").LinkState; f<S>();',
        'export * from "../core/link/follower.ts";',
        'import { stoppedHere } from "../core/link/outcome.ts";',
        'import { DialPolicy } from "../core/link/dial_policy.ts";',
        'import type { Admitting } from "../core/link/admission.ts";',
      ],
      ["src/core/session/session.ts", 'import { Link } from "../link/link.ts";'],
      ["src/core/flow/room.ts", 'import { Session } from "../session/session.ts";'],
      ["src/core/wire/frame.ts", 'import type { Place } from "../flow/places.ts";'],
      ["src/core/time/deadline_heap.ts", 'import { readU16 } from "../wire/frame.ts";'],
      ["src/core/channel/handshake.ts", 'import type { Session } from "../session/session.ts";'],
    ),
    clean: samples(
      [
        "src/connection/link_driver.ts",
        'import { Link } from "../core/link/link.ts";',
        'import type { LinkAction } from "../core/link/link_event.ts";',
        'import { Entrance } from "../core/link/entrance.ts";',
        'import { Session } from "../core/session/session.ts";',
      ],
      [
        "src/core/link/link.ts",
        'import { Session } from "../session/session.ts";',
        'import { Arbiter } from "./arbiter.ts";',
      ],
      [
        "src/core/flow/send_scheduler.ts",
        'import type { OutboundLog } from "../session/outbound_log.ts";',
      ],
      ["tests/core/field_test.ts", 'import { Arbiter } from "../../src/core/link/arbiter.ts";'],
    ),
  },
  "import-package": {
    violations: samples(
      ["src/core/wire/frame.ts", 'import "node:net";', 'import "npm:left-pad@1.0.0";'],
      ["src/core/channel/handshake.ts", 'import "@noble/hashes/hmac.js";'],
      ["src/connection/link.ts", 'import "node:timers";'],
      ["src/simulator/mod.ts", 'import "node:crypto";'],
      ["src/runtime/copy.ts", 'import "@noble/ciphers/chacha.js";'],
      ["src/errors.ts", 'import "node:util";'],
      ["src/endpoint.ts", 'import "@std/assert";'],
    ),
    clean: samples(
      ["src/runtime/pure_primitives.ts", 'import "@noble/ciphers/chacha.js";'],
      ["src/runtime/node.ts", 'import "node:net";'],
      ["src/calls/startup.ts", 'import "node:fs/promises";'],
      ["tests/core/frame_test.ts", 'import "@std/assert";'],
    ),
  },
  "import-literal": {
    violations: samples(
      ["src/runtime/detect.ts", "await import(`./${name}.ts`);"],
      ["src/calls/startup.ts", 'await import("node:" + name);'],
    ),
    clean: samples(
      ["src/runtime/detect.ts", 'await import("./node.ts");'],
      ["src/cli/serve.ts", "await import(handlersPath);"],
    ),
  },
  "import-extension": {
    violations: samples(
      [
        "src/core/wire/frame.ts",
        'import "./session";',
        'import "./session.js";',
        'export * from "./x.json";',
      ],
      ["tests/core/frame_test.ts", 'import "../support/pair";'],
    ),
    clean: samples(
      ["src/core/wire/frame.ts", 'import "./session.ts";'],
      ["tests/core/frame_test.ts", 'import "./vectors.json" with { type: "json" };'],
    ),
  },
  "mod-reexports-only": {
    violations: samples(
      ["mod.ts", "export const version = 1;", 'import "./src/endpoint.ts";', "export { a };"],
    ),
    clean: samples(
      ["mod.ts", '/** The face. @module */ export { a } from "./src/endpoint.ts";'],
      ["src/options.ts", "export const version = 1;"],
    ),
  },
  "pure-core": {
    violations: samples(
      [
        "src/core/session/session.ts",
        "f(Date.now());",
        "f(new Date());",
        "f(performance.now());",
        "f(Math.random());",
        'f(Math["random"]());',
        "crypto.getRandomValues(x);",
        "setTimeout(f, 1);",
        "setInterval(f, 1);",
        "setImmediate(f);",
        "queueMicrotask(f);",
        "fetch(x);",
        "f(globalThis.x);",
        "f(process.hrtime());",
        "f(AbortSignal.any([]));",
        "async function g() {}",
        "f(async () => {});",
        "class C { async g() {} }",
        "await f();",
        "for await (const x of y) f(x);",
        "{ await using x = f(); }",
        "f(Promise.resolve());",
        "function g(): Promise<void> { return f(); }",
        "type T = ReturnType<typeof setTimeout>; f<T>();",
        "const g = { Date }; f(g);",
        "const { now } = Date; f(now);",
        "export { Date };",
      ],
    ),
    clean: samples(
      [
        "src/core/session/session.ts",
        "f(new TextEncoder(), new TextDecoder());",
        "f(row.Date, { fetch: 1 }, Math.min(1, 2));",
        "class C { process(): void {} get crypto() { return 1; } }",
        "interface I { setTimeout(): void; readonly performance: number }",
        "function g(self: string) { return self; }",
        "const nowMs = 1; f(nowMs);",
      ],
      ["tests/core/session_test.ts", "f(Date.now()); await f();"],
    ),
  },
  "handed-in-environment": {
    violations: samples(
      ["src/connection/dialer.ts", "setTimeout(f, 1);", "f(Math.random());", "f(Date.now());"],
      ["src/simulator/clock.ts", "f(performance.now());", "queueMicrotask(f);"],
      [
        "src/endpoint.ts",
        "f(crypto.getRandomValues(x));",
        "f(AbortSignal.timeout(5));",
        "f(globalThis.setTimeout);",
        "f(process.env);",
      ],
    ),
    clean: samples(
      ["src/connection/dialer.ts", "clock.setTimer(1, f); f(random.float());"],
      ["src/runtime/node.ts", "setTimeout(f, 1); f(Date.now(), performance.now());"],
      ["src/cli/watch.ts", "setInterval(f, 1);"],
      ["src/connection/link.ts", "function g(self: string) { f(self); }"],
      ["src/endpoint.ts", "const process = f(); process();"],
    ),
  },
  "no-promise-below-endpoint": {
    violations: samples(
      [
        "src/connection/link.ts",
        "async function g() {}",
        "class C { #g = async () => {}; }",
        "f(new Promise(g));",
        "let x: Promise<void>; f(() => x);",
        "function g(x: AsyncIterable<number>) { f(x); }",
        "await f();",
      ],
    ),
    clean: samples(
      ["src/connection/link.ts", "function g(done: () => void) { done(); }"],
      ["src/endpoint.ts", "async function g(): Promise<void> { await f(); }"],
      ["src/runtime/deno.ts", "async function g() { await f(); }"],
    ),
  },
  "no-runtime-global-type": {
    violations: samples(
      ["src/runtime/deno.ts", "let g: (x: Deno.Conn) => void;", "type T = typeof Deno; f<T>();"],
      ["src/runtime/bun.ts", "interface S extends Bun.Socket {} f<S>();"],
      ["src/cli.ts", "function g(x: NodeJS.Timeout) { f(x); }"],
    ),
    clean: samples(
      ["src/runtime/deno.ts", "interface DenoConn { close(): void } f<DenoConn>();"],
      ["tests/core/frame_test.ts", "function g(x: Deno.Conn) { f(x); }"],
    ),
  },
  "no-runtime-global-value": {
    violations: samples(
      ["src/runtime/bun.ts", "Deno.listen({});"],
      ["src/runtime/deno.ts", "Bun.listen({});"],
      ["src/runtime/node.ts", "f(globalThis.Deno);", 'f(globalThis["Bun"]);'],
      ["src/endpoint.ts", "f(Deno.pid);"],
    ),
    clean: samples(
      ["src/runtime/deno.ts", "f(Deno.listen, globalThis.Deno);"],
      ["src/runtime/bun.ts", "Bun.listen({});"],
      ["src/runtime/detect.ts", 'f("Deno" in globalThis, globalThis.Bun);'],
      ["src/cli.ts", "f(Deno.args);"],
      ["src/options.ts", "f(x.Deno, { Bun: 1 });"],
    ),
  },
  "no-console": {
    violations: samples(
      ["src/endpoint.ts", "console.log(1);"],
      ["src/core/wire/frame.ts", "f(console);"],
      ["src/runtime/node.ts", "console.error(1);"],
    ),
    clean: samples(
      ["src/cli.ts", "console.log(1);"],
      ["src/cli/table.ts", "console.log(1);"],
      ["src/calls/console_notice.ts", "console.warn(1);"],
      ["bench/main.ts", "console.log(1);"],
    ),
  },
  "no-module-state": {
    violations: samples(
      [
        "src/core/wire/frame.ts",
        "let count = 0; f(() => count++);",
        "export let name: string;",
        "var x = 1;",
        "const links = new Map();",
        "export const seen = new Set<string>();",
        "const cache = new WeakMap();",
        "const list: string[] = [];",
        "const state = { count: 0 };",
        "const nested = { a: { count: 0 } };",
        "const buffer = new Uint8Array(64);",
        "const pattern = /x/g;",
        "const table = {} as Record<string, number>;",
        "const made = new Counter();",
        "class C { static count = 0; }",
        "class C { static readonly links = new Map(); }",
        "class C { static #last = 1; }",
      ],
    ),
    clean: samples(
      [
        "src/core/wire/frame.ts",
        "const SIZES: readonly number[] = [1, 2];",
        "const KINDS = [1, 2] as const;",
        "const LIMITS = { a: 1 } as const satisfies Record<string, number>;",
        "const DEFAULTS: Readonly<Options> = { count: 0 };",
        "const CODES: ReadonlyMap<string, number> = new Map([['a', 1]]);",
        "const FROZEN = Object.freeze({ count: 0 });",
        "const NAME = /x/;",
        "const EMPTY = new Uint8Array(0); const encoder = new TextEncoder();",
        'const codec: Codec = { name: "json", encode: f, decode() { return 1; } };',
        "function g() { let count = 0; const links = new Map(); f(links, count++); }",
        "class C { static readonly MAX = 4; links = new Map(); static of() { return new C(); } }",
        "declare const brand: unique symbol;",
      ],
      ["tools/test.ts", "let count = 0; f(() => count++);"],
    ),
  },
  "erasable-syntax": {
    violations: samples(
      [
        "src/options.ts",
        "@g class C {}",
        "class C { @g m() {} }",
        "class C { accessor x = 1; }",
      ],
      ["tests/support/fixture.ts", "class C { accessor x = 1; }"],
    ),
    clean: samples(
      [
        "src/options.ts",
        "class C { readonly x: number; constructor(x: number) { this.x = x; } }",
        "f(x as string, y satisfies string);",
      ],
    ),
  },
  "no-using-in-source": {
    violations: samples(
      ["src/endpoint.ts", "async function g() { await using x = f(); x(); await f(); }"],
      ["src/cli.ts", "{ using x = f(); x(); }"],
    ),
    clean: samples(
      ["src/cli.ts", "const x = f(); try { x(); } finally { x.close(); }"],
      ["tests/interop/interop_test.ts", "{ using x = f(); x(); }"],
    ),
  },
  "no-private-keyword": {
    violations: samples(
      ["src/options.ts", "class C { private x = 1; }", "class C { private g() {} }"],
      ["tests/support/pair.ts", "class C { private static x = 1; }"],
    ),
    clean: samples(
      ["src/options.ts", "class C { #x = 1; #g() { return this.#x; } }"],
      ["src/endpoint.ts", "class C { private constructor() { f(); } }"],
    ),
  },
  "no-empty-statement": {
    violations: samples(
      ["src/options.ts", "f();; f();", "; f();", "function g() { ; f(); }", "class C { a = 1;; }"],
    ),
    clean: samples(
      ["src/options.ts", "f(); /* ; */ // ;\n", "function g() { f(); /* ; */ }", "f({});"],
    ),
  },
  "max-file-lines": {
    violations: samples(
      ["src/options.ts", lines(401)],
      ["mod.ts", 'export * from "./src/errors.ts";\n'.repeat(401)],
      ["tests/core/frame_test.ts", lines(701)],
      ["tools/test.ts", lines(701)],
    ),
    clean: samples(["src/options.ts", lines(400)], ["tests/core/frame_test.ts", lines(700)]),
  },
  "max-function-lines": {
    violations: samples(
      ["src/options.ts", functionOf(71), `f(() => {\n${lines(69)}});`],
      [
        "src/core/wire/frame.ts",
        `class C { g() {\n${lines(69)}} }`,
        `/* äöü€😀 */ ${functionOf(71)}`,
      ],
    ),
    clean: samples(
      ["src/options.ts", functionOf(70), `/* ${"äöü€😀\n".repeat(90)} */ ${functionOf(70)}`],
      ["tests/core/frame_test.ts", functionOf(200)],
    ),
  },
};

function reportedBy(sample: Sample): string[] {
  const found = Deno.lint.runPlugin(plugin, ROOT + sample.path, sample.source);
  return [...new Set(found.map((diagnostic) => diagnostic.id))].sort();
}

for (const [rule, { violations, clean }] of Object.entries(CASES)) {
  const id = `freshlink/${rule}`;

  Deno.test(`${id} reports each planted violation`, () => {
    const missed = violations.filter((sample) => !reportedBy(sample).includes(id));
    assertEquals(missed, []);
    assertGreater(violations.length, 0);
  });

  Deno.test(`${id} leaves the clean counterparts alone`, () => {
    const reported = clean.map((sample) => ({ ...sample, reported: reportedBy(sample) }))
      .filter(({ reported }) => reported.length > 0);
    assertEquals(reported, []);
    assertGreater(clean.length, 0);
  });
}

Deno.test("every rule has a planted violation", () => {
  assertEquals(Object.keys(CASES).sort(), Object.keys(plugin.rules).sort());
});

Deno.test("deno.json loads the plugin and switches none of its rules off", () => {
  assertEquals(config.lint.plugins, ["./tools/lint_plugin.ts"]);
  assertEquals("exclude" in config.lint.rules, false);
});

Deno.test("a planted file is judged the same by a relative path", () => {
  const found = Deno.lint.runPlugin(plugin, "src/core/wire/frame.ts", "f(Date.now());");
  assertEquals(found.map((diagnostic) => diagnostic.id), ["freshlink/pure-core"]);
});
