/**
 * Where a file lies in the house, and who may import whom (docs/architecture.md draws the same).
 *
 * @module
 */

/** A part of the project that one set of rules holds for. */
export type Zone =
  /** `mod.ts`: the public face. */
  | "mod"
  /** `src/cli.ts` and `src/cli/`: the command. */
  | "cli"
  /** The endpoint, the client and what is beside them: promises live here. */
  | "endpoint"
  /** `src/connection/`: the only place where the core meets sockets. */
  | "connection"
  /** `src/core/`: decisions; time and bytes come in as arguments. */
  | "core"
  /** `src/discovery/`: who the peers are, asked again and again. */
  | "discovery"
  /** `src/groups/`: processes that offer the same services. */
  | "groups"
  /** `src/runtime/detect.ts`: picks an adapter. */
  | "detect"
  /** `src/runtime/`: one socket API over three runtimes. */
  | "adapter"
  /** `src/simulator/`: one more runtime. */
  | "simulator"
  /** `src/runtime/runtime.ts`: what a runtime has to offer; `hash.ts` and `certificate.ts`: what all share of it. */
  | "contract"
  /** `src/telemetry/`: logs, traces and metrics, on top of an endpoint. */
  | "telemetry"
  /** `src/inspector/`: the page to look at; loaded when it is asked for. */
  | "inspector"
  /** `src/events.ts`: types only. */
  | "events"
  /** `src/errors.ts`: a leaf. */
  | "errors"
  /** Tests, tools, benchmarks, examples. */
  | "outside";

/** The zones that a zone may import. */
export const MAY_IMPORT: Readonly<Record<Zone, readonly Zone[]>> = {
  errors: [],
  contract: ["contract"],
  events: ["errors", "contract"],
  core: ["core", "errors"],
  connection: ["connection", "core", "events", "errors", "contract"],
  adapter: ["adapter", "contract"],
  detect: ["adapter", "contract"],
  simulator: ["simulator", "contract"],
  endpoint: ["endpoint", "connection", "core", "events", "errors", "contract", "detect"],
  telemetry: ["telemetry", "errors"],
  inspector: ["inspector", "telemetry", "errors"],
  discovery: ["discovery", "endpoint", "core", "events", "errors", "contract"],
  groups: ["groups", "endpoint", "connection", "core", "events", "errors", "contract"],
  cli: ["cli", "endpoint", "inspector", "mod", "events", "errors", "contract", "detect"],
  mod: ["endpoint", "events", "errors", "contract"],
  outside: [
    "outside",
    "mod",
    "cli",
    "endpoint",
    "discovery",
    "groups",
    "connection",
    "core",
    "detect",
    "adapter",
    "simulator",
    "telemetry",
    "inspector",
    "contract",
    "events",
    "errors",
  ],
};

/** The zones that a zone may load while it runs, and not before: nobody pays who does not use them. */
export const MAY_LOAD: Readonly<Partial<Record<Zone, readonly Zone[]>>> = {
  endpoint: ["discovery", "groups", "inspector"],
  cli: ["discovery"],
};

/** The zones that a zone may name in `import type` and `export type` only. */
export const MAY_IMPORT_TYPES: Readonly<Partial<Record<Zone, readonly Zone[]>>> = {
  mod: ["core", "connection", "groups", "inspector"],
  endpoint: ["discovery", "groups", "inspector"],
  telemetry: ["endpoint", "core", "events"],
  inspector: ["endpoint", "connection", "core", "events", "contract"],
};

/** A room of the core. */
export type Room = "wire" | "flow" | "session" | "link" | "channel" | "time";

/** The rooms that a room may import: link → session → flow → wire; channel and time are leaves. */
export const ROOM_MAY_IMPORT: Readonly<Record<Room, readonly Room[]>> = {
  time: ["time"],
  wire: ["wire"],
  channel: ["channel", "wire"],
  flow: ["flow", "wire", "time"],
  session: ["session", "flow", "wire", "time"],
  link: ["link", "session", "flow", "wire", "channel", "time"],
};

/** The rooms that a room may name in `import type` only: frames are written into the log. */
export const ROOM_MAY_IMPORT_TYPES: Readonly<Partial<Record<Room, readonly Room[]>>> = {
  wire: ["session"],
  flow: ["session"],
};

/**
 * What `src/connection/` may see of the link's room: the objects that decide, the words they speak,
 * and what is no rule. Whoever decides there which connection is used has a copy of a rule.
 */
export const LINK_FACE: ReadonlySet<string> = new Set([
  "link.ts",
  "link_event.ts",
  "link_news.ts",
  "connection_table.ts",
  "detached.ts",
  "entrance.ts",
  "heartbeat.ts",
  "peer_name.ts",
  "peer_row.ts",
  "small_list.ts",
].map((name) => `src/core/link/${name}`));

/** The room of the core in which a file lies; `null` elsewhere. */
export function roomOf(path: string): Room | null {
  const name = /^src\/core\/([a-z]+)\//.exec(path)?.[1];
  return name !== undefined && name in ROOM_MAY_IMPORT ? name as Room : null;
}

/** The zones that may use Node's built-in modules. */
export const MAY_USE_NODE: ReadonlySet<Zone> = new Set<Zone>([
  "adapter",
  "detect",
  "endpoint",
  "discovery",
  "cli",
  "inspector",
  "outside",
]);

/** What all runtimes share of the contract: the reader of certificates. */
const CERTIFICATE = "src/runtime/certificate.ts";

/** The modules with a dependency, and the package whose modules each may import. */
export const PACKAGES: Readonly<Record<string, string>> = {
  "src/runtime/pure_primitives.ts": "@noble/",
  "src/telemetry/opentelemetry.ts": "@opentelemetry/api",
  "src/telemetry/meters.ts": "@opentelemetry/api",
  "src/telemetry/tracing.ts": "@opentelemetry/api",
  "src/telemetry/propagation.ts": "@opentelemetry/api",
};

const ROOT = `${import.meta.dirname ?? ""}/`.replaceAll("\\", "/").replace(/tools\/lint\/$/, "");

/** The path below the project's folder, with forward slashes. */
export function projectPath(filename: string): string {
  const path = filename.replaceAll("\\", "/").replace(/^file:\/\//, "");
  return path.startsWith(ROOT) ? path.slice(ROOT.length) : path.replace(/^\.\//, "");
}

/** The zone of a path below the project's folder. */
export function zoneOf(path: string): Zone {
  if (path === "mod.ts") return "mod";
  if (!path.startsWith("src/")) return "outside";
  if (path === "src/errors.ts") return "errors";
  if (path === "src/events.ts") return "events";
  if (path === "src/cli.ts" || path.startsWith("src/cli/")) return "cli";
  if (path === "src/runtime/runtime.ts" || path === CERTIFICATE) return "contract";
  if (path === "src/runtime/detect.ts") return "detect";
  const rooms = [
    "core",
    "connection",
    "simulator",
    "discovery",
    "groups",
    "telemetry",
    "inspector",
  ] as const;
  for (const zone of rooms) {
    if (path.startsWith(`src/${zone}/`)) return zone;
  }
  return path.startsWith("src/runtime/") ? "adapter" : "endpoint";
}

/** The path that a relative specifier names, seen from a file; both below the project's folder. */
export function resolvePath(from: string, specifier: string): string {
  const parts = from.split("/").slice(0, -1);
  for (const part of specifier.split("/")) {
    if (part === "..") {
      // Past the project's folder there is nothing to resolve against: kept as it is.
      if (parts.length > 0 && parts.at(-1) !== "..") parts.pop();
      else parts.push(part);
    } else if (part !== "." && part !== "") {
      parts.push(part);
    }
  }
  return parts.join("/");
}
