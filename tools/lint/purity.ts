/**
 * The rules about what a zone may touch: clocks, randomness, promises, runtimes, the console.
 *
 * @module
 */

import { isDeclaration, isEverydayName, memberName, positionOf } from "./references.ts";
import { projectPath, type Zone, zoneOf } from "./zones.ts";

/** Names of the environment; a runtime hands in what is needed of them. */
const ENVIRONMENT: ReadonlySet<string> = new Set([
  "Date",
  "Intl",
  "Temporal",
  "performance",
  "crypto",
  "setTimeout",
  "clearTimeout",
  "setInterval",
  "clearInterval",
  "setImmediate",
  "clearImmediate",
  "queueMicrotask",
  "requestAnimationFrame",
  "fetch",
  "WebSocket",
  "WebSocketStream",
  "EventSource",
  "Worker",
  "MessageChannel",
  "BroadcastChannel",
  "globalThis",
  "self",
  "window",
  "global",
  "process",
  "Buffer",
  "navigator",
  "location",
  "localStorage",
  "sessionStorage",
  "WeakRef",
  "FinalizationRegistry",
  "SharedArrayBuffer",
  "Atomics",
  "eval",
  "Function",
  "require",
]);

/** Names of what settles later. */
const PROMISES: ReadonlySet<string> = new Set([
  "Promise",
  "PromiseLike",
  "Awaited",
  "AsyncIterable",
  "AsyncIterator",
  "AsyncIterableIterator",
  "AsyncGenerator",
  "AsyncGeneratorFunction",
  "AsyncDisposable",
  "AsyncDisposableStack",
  "ReadableStream",
  "WritableStream",
  "TransformStream",
]);

/** Names of waiting and cancelling, which the core does not know. */
const SIGNALS: ReadonlySet<string> = new Set(["AbortController", "AbortSignal", "EventTarget"]);

/** Everything above the adapters and below the command runs on what it was handed. */
const HANDED_IN: ReadonlySet<Zone> = new Set<Zone>([
  "errors",
  "events",
  "contract",
  "connection",
  "simulator",
  "endpoint",
  "mod",
]);

/** Types that are a runtime's own; the npm build type-checks without them. */
const RUNTIME_NAMESPACES: ReadonlySet<string> = new Set(["Deno", "Bun", "NodeJS"]);

/** Who may touch which runtime's global. The command may touch each. */
const RUNTIME_VALUES: Readonly<Record<string, readonly string[]>> = {
  Deno: ["src/runtime/deno.ts", "src/runtime/detect.ts"],
  Bun: ["src/runtime/bun.ts", "src/runtime/detect.ts"],
};

type Report = (node: Deno.lint.Node, what: string) => void;

/** Calls back for every name of the environment, for `Math.random` and `AbortSignal.timeout`. */
function visitEnvironment(
  names: readonly ReadonlySet<string>[],
  report: Report,
): Deno.lint.LintVisitor {
  const declared = new Set<string>();
  const everyday: Deno.lint.Identifier[] = [];
  return {
    Identifier(node) {
      if (!names.some((set) => set.has(node.name))) return;
      if (!isEverydayName(node.name)) {
        if (positionOf(node) !== "none") report(node, node.name);
      } else if (isDeclaration(node)) {
        declared.add(node.name);
      } else if (positionOf(node) !== "none") {
        everyday.push(node);
      }
    },
    MemberExpression(node) {
      if (node.object.type !== "Identifier") return;
      const member = `${node.object.name}.${memberName(node)}`;
      if (member === "Math.random" || member === "AbortSignal.timeout") report(node, member);
    },
    "Program:exit"() {
      for (const node of everyday) {
        if (!declared.has(node.name)) report(node, node.name);
      }
    },
  };
}

/** Calls back for `async` functions, `await`, `for await` and `await using`. */
function visitAsync(report: Report): Deno.lint.LintVisitor {
  const visitFunction = (node: Deno.lint.Node & { readonly async: boolean }) => {
    if (node.async) report(node, "async");
  };
  return {
    FunctionDeclaration: visitFunction,
    FunctionExpression: visitFunction,
    ArrowFunctionExpression: visitFunction,
    AwaitExpression: (node) => report(node, "await"),
    ForOfStatement(node) {
      if (node.await) report(node, "for await");
    },
    VariableDeclaration(node) {
      if (node.kind === "await using") report(node, "await using");
    },
  };
}

/** The core is a function of its arguments. */
export const pureCore: Deno.lint.Rule = {
  create(context) {
    if (zoneOf(projectPath(context.filename)) !== "core") return {};
    const report: Report = (node, what) =>
      context.report({
        node,
        message: `The core must not use ${what}: no socket, no clock, no randomness, no promise.`,
        hint: "Take time, bytes and random numbers as arguments, and return a decision.",
      });
    return { ...visitEnvironment([ENVIRONMENT, PROMISES, SIGNALS], report), ...visitAsync(report) };
  },
};

/** Whatever is not an adapter asks the runtime that it was handed. */
export const handedInEnvironment: Deno.lint.Rule = {
  create(context) {
    if (!HANDED_IN.has(zoneOf(projectPath(context.filename)))) return {};
    return visitEnvironment([ENVIRONMENT], (node, what) =>
      context.report({
        node,
        message: `${what} bypasses the runtime that was handed in.`,
        hint: "Use runtime.clock, runtime.random, runtime.connect or runtime.listen.",
      }));
  },
};

/** Promises begin at the endpoint: below it they would cost a turn of the loop per frame. */
export const noPromiseBelowEndpoint: Deno.lint.Rule = {
  create(context) {
    if (zoneOf(projectPath(context.filename)) !== "connection") return {};
    const report: Report = (node, what) =>
      context.report({
        node,
        message: `${what} below the endpoint: the connection layer calls back.`,
        hint: "Promises are made in the endpoint and the client, and by adapters.",
      });
    return {
      ...visitAsync(report),
      Identifier(node) {
        if (PROMISES.has(node.name) && positionOf(node) !== "none") report(node, node.name);
      },
    };
  },
};

/** Runtime types are structural: `Deno.Conn` would break the npm build's type check. */
export const noRuntimeGlobalType: Deno.lint.Rule = {
  create(context) {
    if (zoneOf(projectPath(context.filename)) === "outside") return {};
    return {
      Identifier(node) {
        if (!RUNTIME_NAMESPACES.has(node.name) || positionOf(node) !== "type") return;
        context.report({
          node,
          message: `${node.name} in a type: the npm build has no such global.`,
          hint: "Describe the part that is used in a structural interface.",
        });
      },
    };
  },
};

/** A runtime's global is touched by its own adapter, by the detection and by the command. */
export const noRuntimeGlobalValue: Deno.lint.Rule = {
  create(context) {
    const path = projectPath(context.filename);
    const zone = zoneOf(path);
    if (zone === "outside" || zone === "cli") return {};
    const check = (node: Deno.lint.Node, name: string | null) => {
      if (name === null) return;
      const allowed = Object.hasOwn(RUNTIME_VALUES, name) ? RUNTIME_VALUES[name] : undefined;
      if (allowed === undefined || allowed.includes(path)) return;
      context.report({
        node,
        message: `${path} must not touch ${name}.`,
        hint: `Only ${allowed.join(", ")} and the command may.`,
      });
    };
    return {
      Identifier(node) {
        if (positionOf(node) === "value") check(node, node.name);
      },
      MemberExpression(node) {
        const isGlobal = node.object.type === "Identifier" && node.object.name === "globalThis";
        if (isGlobal) check(node, memberName(node));
      },
    };
  },
};

/** The one place of the library that prints. */
const MAY_PRINT = "src/calls/console_notice.ts";

/** A library does not print. */
export const noConsole: Deno.lint.Rule = {
  create(context) {
    const path = projectPath(context.filename);
    const zone = zoneOf(path);
    if (zone === "outside" || zone === "cli" || path === MAY_PRINT) return {};
    return {
      Identifier(node) {
        if (node.name !== "console" || positionOf(node) !== "value") return;
        context.report({
          node,
          message: "A library does not print.",
          hint: "Report an event, or throw a typed error.",
        });
      },
    };
  },
};
