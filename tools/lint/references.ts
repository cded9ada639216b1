/**
 * Tells names that refer to something from names that only look alike (`a.Date`, `{ Date: 1 }`).
 *
 * The lint API has no scopes, so a local variable that hides a global counts as that global: in
 * the zones where it matters, hiding one is as confusing as using it. The exceptions are a few
 * globals with everyday names (`isEverydayName`).
 *
 * @module
 */

/** What a name stands for where it is written. */
export type Position = "value" | "type" | "none";

/** Parents below which a name is neither a value nor the name of a type. */
const NO_REFERENCE: ReadonlySet<string> = new Set([
  "LabeledStatement",
  "BreakStatement",
  "ContinueStatement",
  "ImportSpecifier",
  "ImportDefaultSpecifier",
  "ImportNamespaceSpecifier",
  "ExportAllDeclaration",
  "TSEnumMember",
  "TSImportType",
  "TSFunctionType",
  "TSConstructorType",
  "TSMethodSignature",
  "TSCallSignatureDeclaration",
  "TSConstructSignatureDeclaration",
  "TSIndexSignature",
  "TSNamedTupleMember",
  "TSInterfaceDeclaration",
  "TSTypeAliasDeclaration",
  "TSTypeParameter",
  "TSModuleDeclaration",
  "MetaProperty",
]);

/** Parents whose `key` is a plain name unless it is computed. */
const KEYED: ReadonlySet<string> = new Set([
  "Property",
  "MethodDefinition",
  "PropertyDefinition",
  "AccessorProperty",
  "TSPropertySignature",
  "TSAbstractMethodDefinition",
  "TSAbstractPropertyDefinition",
  "TSAbstractAccessorProperty",
]);

/** Parents below which a name is the name of a type. */
const TYPES: ReadonlySet<string> = new Set([
  "TSTypeReference",
  "TSTypeQuery",
  "TSInterfaceHeritage",
  "TSClassImplements",
]);

interface Parent {
  readonly type: string;
  readonly computed?: boolean;
  readonly shorthand?: boolean;
  readonly property?: unknown;
  readonly key?: unknown;
  readonly left?: unknown;
  readonly exported?: unknown;
  readonly parent?: { readonly type: string; readonly source?: unknown };
}

/** What an identifier stands for. */
export function positionOf(node: Deno.lint.Identifier): Position {
  const parent = node.parent as unknown as Parent;
  if (NO_REFERENCE.has(parent.type)) return "none";
  if (parent.type === "TSQualifiedName") return parent.left === node ? "type" : "none";
  if (TYPES.has(parent.type)) return "type";
  if (parent.type === "MemberExpression") {
    if (parent.property === node && parent.computed !== true) return "none";
    // `extends Bun.Socket` of an interface comes as a member expression.
    return TYPES.has(parent.parent?.type ?? "") ? "type" : "value";
  }
  if (KEYED.has(parent.type)) {
    const plainKey = parent.key === node && parent.computed !== true && parent.shorthand !== true;
    return plainKey ? "none" : "value";
  }
  if (parent.type === "ExportSpecifier") {
    // `export { Date } from "./x.ts"` names something of the other module.
    return parent.exported === node || parent.parent?.source ? "none" : "value";
  }
  return "value";
}

/** The name behind the dot or in the brackets of `object.name`, `object["name"]`; else `null`. */
export function memberName(node: Deno.lint.MemberExpression): string | null {
  const property = node.property as { readonly name?: unknown; readonly value?: unknown };
  const name = node.computed ? property.value : property.name;
  return typeof name === "string" ? name : null;
}

/** Globals whose names are ordinary words: a file that declares one means its own. */
const EVERYDAY: ReadonlySet<string> = new Set([
  "self",
  "window",
  "global",
  "location",
  "navigator",
  "process",
  "require",
]);

/** Whether a global's name is an ordinary word that a file may declare for itself. */
export function isEverydayName(name: string): boolean {
  return EVERYDAY.has(name);
}

interface Binder {
  readonly type: string;
  readonly id?: unknown;
  readonly params?: readonly unknown[];
  readonly left?: unknown;
  readonly value?: unknown;
  readonly parent?: { readonly type: string };
}

/** Whether a name is declared where it stands: a variable, a parameter, an import. */
export function isDeclaration(node: Deno.lint.Identifier): boolean {
  const parent = node.parent as unknown as Binder;
  switch (parent.type) {
    case "VariableDeclarator":
    case "ClassDeclaration":
      return parent.id === node;
    case "FunctionDeclaration":
    case "FunctionExpression":
    case "ArrowFunctionExpression":
      return parent.id === node || (parent.params?.includes(node) ?? false);
    case "AssignmentPattern":
      return parent.left === node;
    case "Property":
      return parent.parent?.type === "ObjectPattern" && parent.value === node;
    case "ArrayPattern":
    case "RestElement":
    case "CatchClause":
    case "ImportSpecifier":
    case "ImportDefaultSpecifier":
    case "ImportNamespaceSpecifier":
      return true;
    default:
      return false;
  }
}
