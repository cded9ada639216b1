/**
 * What dnt adds to a package where it believes that the target lacks something: found by what the
 * syntax tree says, put into `_dnt.polyfills.ts`, imported by every entry point. The declarations
 * in it are global, so they reach whoever imports the package.
 *
 * Only those that this project's sources call for are here; another one is an error.
 *
 * @module
 */

import ts from "typescript";

/** One of them. */
export interface Polyfill {
  readonly name: string;
  /** Whether a node is a use of it. */
  readonly isUse: (node: ts.Node) => boolean;
  /** The module's text; `null` where the stand-in does not have it. */
  readonly text: string | null;
}

const HAS_OWN = `
if (!Object.hasOwn) {
  Object.defineProperty(Object, "hasOwn", {
    value: (target: object, key: PropertyKey) => Object.prototype.hasOwnProperty.call(target, key),
  });
}
declare global {
  interface Object {
    hasOwn(target: object, key: PropertyKey): boolean;
  }
}
export {};
`;

const ERROR_CAUSE = `
declare global {
  interface Error {
    cause?: unknown;
  }
}
export {};
`;

const IMPORT_META = `
//@ts-ignore: the package's own types may not know Node
import { fileURLToPath } from "node:url";
declare global {
  interface ImportMeta {
    url: string;
    main: boolean;
    filename: string;
    dirname: string;
    resolve(specifier: string, parent?: string | URL | undefined): string;
  }
}
const key = Symbol.for("import-meta-ponyfill-esmodule");
if (!Reflect.has(globalThis, key)) {
  Object.defineProperty(globalThis, key, {
    value: (meta: ImportMeta) => {
      //@ts-ignore: a global of Node
      const started = new URL(process.argv[1] ?? "", "file:///").href;
      if (typeof meta.main !== "boolean") meta.main = meta.url === started;
      if (typeof meta.filename !== "string") meta.filename = fileURLToPath(meta.url);
      return meta;
    },
  });
}
`;

/** All that dnt 0.43 knows; each is used at every target but "Latest". */
export const POLYFILLS: readonly Polyfill[] = [
  { name: "objectHasOwn", isUse: (node) => isMember(node, "Object", "hasOwn"), text: HAS_OWN },
  { name: "errorCause", isUse: (node) => isMember(node, null, "cause"), text: ERROR_CAUSE },
  // A destructured `import.meta` is rewritten like any other, and does not count as a use.
  { name: "importMeta", isUse: isMemberOfImportMeta, text: IMPORT_META },
  { name: "arrayFindLast", isUse: (node) => isMember(node, null, "findLast"), text: null },
  { name: "arrayFromAsync", isUse: (node) => isMember(node, "Array", "fromAsync"), text: null },
  {
    name: "promiseWithResolvers",
    isUse: (node) => isMember(node, "Promise", "withResolvers"),
    text: null,
  },
];

/** Which are enabled, as the option and the target say. */
export function enabledPolyfills(
  option: boolean | Readonly<Record<string, boolean>> | undefined,
  target: string,
): readonly Polyfill[] {
  const byTarget = target !== "Latest";
  return POLYFILLS.filter(({ name }) =>
    typeof option === "boolean" ? option : option?.[name] ?? byTarget
  );
}

/** Those of the polyfills that a source file uses. */
export function usedPolyfills(
  file: ts.SourceFile,
  enabled: readonly Polyfill[],
): readonly Polyfill[] {
  const used = new Set<Polyfill>();
  const visit = (node: ts.Node): void => {
    for (const polyfill of enabled) if (polyfill.isUse(node)) used.add(polyfill);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return [...used];
}

/** The text of `_dnt.polyfills.ts`. @throws {Error} Where the stand-in does not have one of them. */
export function polyfillText(used: readonly Polyfill[]): string {
  const missing = used.filter(({ text }) => text === null).map(({ name }) => name);
  if (missing.length > 0) {
    throw new Error(`The stand-in for dnt has no polyfill '${missing.join("', '")}': write it`);
  }
  return used.map(({ text }) => text).join("");
}

/** `import.meta`, wherever it stands, becomes a call of what the polyfill put on `globalThis`. */
export function rewriteImportMeta(context: ts.TransformationContext) {
  const { factory } = context;
  const visit = (node: ts.Node): ts.Node => {
    if (!isImportMeta(node)) return ts.visitEachChild(node, visit, context);
    const symbol = factory.createCallExpression(
      factory.createPropertyAccessExpression(factory.createIdentifier("Symbol"), "for"),
      undefined,
      [factory.createStringLiteral("import-meta-ponyfill-esmodule")],
    );
    const ponyfill = factory.createElementAccessExpression(
      factory.createIdentifier("globalThis"),
      symbol,
    );
    return factory.createCallExpression(ponyfill, undefined, [node as ts.Expression]);
  };
  return (file: ts.SourceFile): ts.SourceFile => ts.visitEachChild(file, visit, context);
}

function isImportMeta(node: ts.Node): boolean {
  return ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword;
}

function isMember(node: ts.Node, object: string | null, name: string): boolean {
  return ts.isPropertyAccessExpression(node) && node.name.text === name &&
    (object === null || (ts.isIdentifier(node.expression) && node.expression.text === object));
}

function isMemberOfImportMeta(node: ts.Node): boolean {
  return ts.isPropertyAccessExpression(node) && isImportMeta(node.expression);
}
