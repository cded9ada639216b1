/**
 * The rules about imports: directions, packages, extensions.
 *
 * @module
 */

import {
  LINK_FACE,
  MAY_IMPORT,
  MAY_IMPORT_TYPES,
  MAY_LOAD,
  MAY_USE_NODE,
  PACKAGES,
  projectPath,
  resolvePath,
  type Room,
  ROOM_MAY_IMPORT,
  ROOM_MAY_IMPORT_TYPES,
  roomOf,
  type Zone,
  zoneOf,
} from "./zones.ts";

/** One place where a module names another. */
interface Reference {
  readonly node: Deno.lint.Node;
  readonly specifier: string;
  /** Whether it vanishes when the types are stripped. */
  readonly typeOnly: boolean;
  /** Whether it is loaded while the program runs. */
  readonly isLoad: boolean;
}

/** Calls back for every static import, re-export, dynamic import and import type. */
function visitReferences(report: (reference: Reference) => void): Deno.lint.LintVisitor {
  const visit = (node: Deno.lint.Node, source: unknown, typeOnly: boolean) => {
    const specifier = literalOf(source);
    const isLoad = node.type === "ImportExpression";
    if (specifier !== null) report({ node, specifier, typeOnly, isLoad });
  };
  return {
    ImportDeclaration: (node) => visit(node, node.source, node.importKind === "type"),
    ExportAllDeclaration: (node) => visit(node, node.source, node.exportKind === "type"),
    ExportNamedDeclaration: (node) => visit(node, node.source, node.exportKind === "type"),
    ImportExpression: (node) => visit(node, node.source, false),
    TSImportType: (node) => visit(node, literalTypeOf(node), true),
  };
}

function literalOf(node: unknown): string | null {
  const value = (node as { readonly value?: unknown } | null | undefined)?.value;
  return typeof value === "string" ? value : null;
}

/** The argument of `import("…")` in a type lies one level deeper, in a literal type. */
function literalTypeOf(node: Deno.lint.TSImportType): unknown {
  const argument: unknown = node.argument;
  return (argument as { readonly literal?: unknown }).literal ?? argument;
}

function isRelative(specifier: string): boolean {
  return specifier.startsWith("./") || specifier.startsWith("../");
}

/** Imports go down the house, never up and never across. */
export const importDirection: Deno.lint.Rule = {
  create(context) {
    const path = projectPath(context.filename);
    const zone = zoneOf(path);
    return visitReferences(({ node, specifier, typeOnly, isLoad }) => {
      if (!isRelative(specifier)) return;
      const target = resolvePath(path, specifier);
      const targetZone = zoneOf(target);
      if (mayImport(zone, targetZone, typeOnly)) return;
      if (isLoad && MAY_LOAD[zone]?.includes(targetZone)) return;
      context.report({
        node,
        message: `${path} (${zone}) must not import ${target} (${targetZone}).`,
        hint: `It may import: ${MAY_IMPORT[zone].join(", ") || "nothing"}.`,
      });
    });
  },
};

function mayImport(zone: Zone, target: Zone, typeOnly: boolean): boolean {
  return MAY_IMPORT[zone].includes(target) ||
    (typeOnly && (MAY_IMPORT_TYPES[zone]?.includes(target) ?? false));
}

/** Inside the core, too, imports go one way; and no rule of the link is known outside its room. */
export const roomDirection: Deno.lint.Rule = {
  create(context) {
    const path = projectPath(context.filename);
    const room = roomOf(path);
    const isConnection = zoneOf(path) === "connection";
    if (room === null && !isConnection) return {};
    return visitReferences(({ node, specifier, typeOnly }) => {
      if (!isRelative(specifier)) return;
      const target = resolvePath(path, specifier);
      const targetRoom = roomOf(target);
      if (targetRoom === null || mayEnter(room, target, targetRoom, typeOnly)) return;
      context.report({
        node,
        message: `${path} must not import ${target}.`,
        hint: room === null
          ? "Tell the link what happened, and carry out what it answers."
          : `${room} may import: ${ROOM_MAY_IMPORT[room].join(", ")}.`,
      });
    });
  },
};

/** @param room Whence; `null`: from `src/connection/`. */
function mayEnter(room: Room | null, target: string, targetRoom: Room, typeOnly: boolean): boolean {
  if (room === null) return targetRoom !== "link" || LINK_FACE.has(target);
  return ROOM_MAY_IMPORT[room].includes(targetRoom) ||
    (typeOnly && (ROOM_MAY_IMPORT_TYPES[room]?.includes(targetRoom) ?? false));
}

const owners = Object.entries(PACKAGES).map(([path, name]) => `${path} may import ${name}…`)
  .join(", ");

/** `src/` has two dependencies, and one module uses each; Node's modules stay above and beside. */
export const importPackage: Deno.lint.Rule = {
  create(context) {
    const path = projectPath(context.filename);
    const zone = zoneOf(path);
    if (zone === "outside") return {};
    return visitReferences(({ node, specifier }) => {
      if (isRelative(specifier)) return;
      const own = PACKAGES[path];
      if (own !== undefined && specifier.startsWith(own)) return;
      if (MAY_USE_NODE.has(zone) && specifier.startsWith("node:")) return;
      context.report({
        node,
        message: `${path} (${zone}) must not import the package ${specifier}.`,
        hint: `${owners}; adapters, endpoint and command may import node:… modules.`,
      });
    });
  },
};

/** A computed specifier hides an import from the other rules; adapters and the command need some. */
export const importLiteral: Deno.lint.Rule = {
  create(context) {
    const zone = zoneOf(projectPath(context.filename));
    if (zone === "outside" || zone === "cli") return {};
    return {
      ImportExpression(node) {
        if (literalOf(node.source) !== null) return;
        context.report({
          node,
          message: "A computed specifier hides what is imported.",
          hint: "Write the specifier as a string literal.",
        });
      },
    };
  },
};

/** A relative import names a file as it is on disk: no runtime guesses extensions. */
export const importExtension: Deno.lint.Rule = {
  create(context) {
    const outside = zoneOf(projectPath(context.filename)) === "outside";
    const allowed = outside ? /\.(?:ts|mts|js|mjs|json)$/ : /\.ts$/;
    return visitReferences(({ node, specifier }) => {
      if (!isRelative(specifier) || allowed.test(specifier)) return;
      context.report({
        node,
        message: `The relative import ${specifier} carries no .ts extension.`,
        hint: "Node, Bun and Deno resolve the file as it is written.",
      });
    });
  },
};

/** `mod.ts` is a list. */
export const modReexportsOnly: Deno.lint.Rule = {
  create(context) {
    if (projectPath(context.filename) !== "mod.ts") return {};
    return {
      Program(program) {
        for (const statement of program.body) {
          const node = statement as Deno.lint.Node;
          if (node.type === "ExportAllDeclaration") continue;
          if (node.type === "ExportNamedDeclaration" && literalOf(node.source) !== null) continue;
          context.report({
            node,
            message: "mod.ts holds re-exports and nothing else.",
            hint: "Move it to the file below src/ that it belongs to.",
          });
        }
      },
    };
  },
};
